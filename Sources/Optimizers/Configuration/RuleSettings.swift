/// What every inner optimizer of Keras has beside its own hyperparameters.
public struct RuleSettings: Sendable {
  /// A name for people.
  public var name: String
  /// A constant or a schedule.
  public var learningRate: LearningRate
  /// Keras's time-based decay: the rate at iteration i is divided by 1 + decay × i; 0 for none.
  public var decay: Double = 0
  /// Clipping before the wrapper's own.
  public var clipping = Clipping()

  /// Settings with Keras's defaults beside these.
  public init(name: String, learningRate: Float) {
    self.name = name
    self.learningRate = .constant(learningRate)
  }

  /// The fields that come before the rule's own.
  mutating func leadingFields(_ fields: inout Fields) {
    fields.text("name", &name)
    if fields.has("lr"), fields.has("learning_rate") {
      fields.fail("lr", allowed: "either lr or learning_rate", came: "both")
    }
    learningRate.field("learning_rate", &fields)
    if fields.isReading { learningRate.field("lr", &fields) }
    fields.number("decay", &decay, in: .nonNegative)
  }

  /// The fields that come after the rule's own.
  mutating func trailingFields(_ fields: inout Fields) {
    clipping.fields(&fields)
    for name in ["is_legacy_optimizer", "jit_compile"] { fields.ignored(name) }
    fields.neutral("use_ema", [.flag(false), .null])
    for name in ["ema_momentum", "ema_overwrite_frequency"] { fields.ignored(name) }
    for name in ["loss_scale_factor", "gradient_accumulation_steps"] { fields.neutral(name, [.null]) }
  }
}
