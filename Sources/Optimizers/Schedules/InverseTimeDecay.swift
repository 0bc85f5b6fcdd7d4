/// The rate falls as one over time: `α₀ / (1 + rate i / steps)`, in a staircase with i / steps rounded down.
///
/// Source: `tf.keras.optimizers.schedules.InverseTimeDecay`.
public struct InverseTimeDecay: Schedule {
  public static let className = "InverseTimeDecay"

  /// α₀.
  public var initialLearningRate = 0.0
  /// Steps of one unit of time.
  public var decaySteps = 1.0
  /// How fast the rate falls.
  public var decayRate = 0.0
  /// Whether the rate falls at once every so many steps.
  public var staircase = false

  /// A schedule whose rate is 0.
  public init() {}

  public mutating func fields(_ fields: inout Fields) {
    fields.requiredNumber("initial_learning_rate", &initialLearningRate, in: .nonNegative)
    fields.requiredNumber("decay_steps", &decaySteps, in: .positive)
    fields.requiredNumber("decay_rate", &decayRate, in: .nonNegative)
    fields.flag("staircase", &staircase)
    fields.ignored("name")
  }

  public func value(at iteration: Int) -> Float {
    let progress = Float(iteration) / Float(decaySteps)
    return Float(initialLearningRate) / (1 + Float(decayRate) * (staircase ? progress.rounded(.down) : progress))
  }
}
