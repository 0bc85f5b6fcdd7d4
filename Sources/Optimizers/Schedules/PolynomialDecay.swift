/// The rate falls to an end as a power of what is left of the time: `(α₀ - end) (1 - i / steps)^power + end`.
///
/// With `cycle`, the time is the next multiple of `steps` instead of ending there. Source:
/// `tf.keras.optimizers.schedules.PolynomialDecay`.
public struct PolynomialDecay: Schedule {
  public static let className = "PolynomialDecay"

  /// α₀.
  public var initialLearningRate = 0.0
  /// The time.
  public var decaySteps = 1.0
  /// The rate at the end.
  public var endLearningRate = 0.0001
  /// The power, 1 for a straight line.
  public var power = 1.0
  /// Whether the rate rises again beyond the time.
  public var cycle = false

  /// A schedule whose rate begins at 0.
  public init() {}

  public mutating func fields(_ fields: inout Fields) {
    fields.requiredNumber("initial_learning_rate", &initialLearningRate, in: .nonNegative)
    fields.requiredNumber("decay_steps", &decaySteps, in: .positive)
    fields.number("end_learning_rate", &endLearningRate, in: .nonNegative)
    fields.number("power", &power, in: .nonNegative)
    fields.flag("cycle", &cycle)
    fields.ignored("name")
  }

  public func value(at iteration: Int) -> Float {
    var i = Float(iteration)
    var steps = Float(decaySteps)
    if cycle {
      steps *= iteration == 0 ? 1 : (i / steps).rounded(.up)
    } else {
      i = min(i, steps)
    }
    let end = Float(endLearningRate)
    return (Float(initialLearningRate) - end) * Float.power(1 - i / steps, Float(power)) + end
  }
}
