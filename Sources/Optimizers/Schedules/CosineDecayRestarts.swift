private import Glibc

/// Half cosine waves one after the other, each `t_mul` times as long and `m_mul` times as high as the one before.
///
///     rate ((1 - α) ½ m (1 + cos(π x)) + α)     x: the part of the wave that is over; m: its height
///
/// Source: `tf.keras.optimizers.schedules.CosineDecayRestarts` (Loshchilov and Hutter 2016).
public struct CosineDecayRestarts: Schedule {
  public static let className = "CosineDecayRestarts"

  /// The rate at the first step.
  public var initialLearningRate = 0.0
  /// Steps of the first wave.
  public var firstDecaySteps = 1.0
  /// How much longer each wave is.
  public var timeFactor = 2.0
  /// How much higher each wave is.
  public var heightFactor = 1.0
  /// The lowest rate as a part of the first.
  public var alpha = 0.0

  /// A schedule whose rate is 0.
  public init() {}

  public mutating func fields(_ fields: inout Fields) {
    fields.requiredNumber("initial_learning_rate", &initialLearningRate, in: .nonNegative)
    fields.requiredNumber("first_decay_steps", &firstDecaySteps, in: .positive)
    fields.number("t_mul", &timeFactor, in: NumberRange(from: 1))
    fields.number("m_mul", &heightFactor, in: .nonNegative)
    fields.number("alpha", &alpha, in: .nonNegative)
    fields.ignored("name")
  }

  public func value(at iteration: Int) -> Float {
    var fraction = Float(iteration) / Float(firstDecaySteps)
    let factor = Float(timeFactor)
    let restarts: Float
    if factor == 1 {
      restarts = fraction.rounded(.down)
      fraction -= restarts
    } else {
      restarts = (logf(1 - fraction * (1 - factor)) / logf(factor)).rounded(.down)
      let length = Float.power(factor, restarts)
      fraction = (fraction - (1 - length) / (1 - factor)) / length
    }
    let height = Float.power(Float(heightFactor), restarts)
    let wave = 0.5 * height * (1 + cosf(Float.pi32 * fraction))
    return Float(initialLearningRate) * ((1 - Float(alpha)) * wave + Float(alpha))
  }
}
