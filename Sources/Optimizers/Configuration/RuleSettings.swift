/// What every inner optimizer of Keras has beside its own hyperparameters.
public struct RuleSettings: Sendable {
  /// What learning rates a rule can have.
  public enum RateForm: Sendable {
    /// A number from 0 on or a schedule, and `decay`.
    case scheduled
    /// A number above 0 or a schedule, and `decay`.
    case positive
    /// A number from 0 on, neither scheduled nor decayed.
    case constant
    /// None; gradients that are no gradients can't be clipped either.
    case none
  }

  /// A name for people.
  public var name: String
  /// A constant or a schedule.
  public var learningRate: LearningRate
  /// Keras's time-based decay: the rate at iteration i is divided by 1 + decay × i; 0 for none.
  public var decay: Double = 0
  /// Clipping before the wrapper's own.
  public var clipping = Clipping()
  /// What learning rates there can be.
  public let rateForm: RateForm

  /// Settings with Keras's defaults beside these.
  public init(name: String, learningRate: Float, rateForm: RateForm = .scheduled) {
    self.name = name
    self.learningRate = .constant(learningRate)
    self.rateForm = rateForm
  }

  /// The fields that come before the rule's own.
  mutating func leadingFields(_ fields: inout Fields) {
    fields.text("name", &name)
    guard rateForm != .none else { return }
    if fields.has("lr"), fields.has("learning_rate") {
      fields.fail("lr", allowed: "either lr or learning_rate", came: "both")
    }
    rate("learning_rate", &fields)
    if fields.isReading { rate("lr", &fields) }
    if rateForm != .constant { fields.number("decay", &decay, in: .nonNegative) }
  }

  /// The fields that come after the rule's own.
  mutating func trailingFields(_ fields: inout Fields) {
    if rateForm != .none { clipping.fields(&fields) }
    for name in ["is_legacy_optimizer", "jit_compile"] { fields.ignored(name) }
    fields.neutral("use_ema", [.flag(false), .null])
    for name in ["ema_momentum", "ema_overwrite_frequency"] { fields.ignored(name) }
    for name in ["loss_scale_factor", "gradient_accumulation_steps"] { fields.neutral(name, [.null]) }
    if !fields.knows("weight_decay") { fields.neutral("weight_decay", [.null, .integer(0), .number(0)]) }
  }

  /// One of the names of the learning rate.
  mutating func rate(_ name: String, _ fields: inout Fields) {
    learningRate.field(name, &fields, in: rateForm == .positive ? .positive : .nonNegative)
    if rateForm == .constant, case .schedule = learningRate {
      fields.fail(name, allowed: "a number ≥ 0, as this rule's momentum has a schedule of its own", came: "a schedule")
    }
  }
}
