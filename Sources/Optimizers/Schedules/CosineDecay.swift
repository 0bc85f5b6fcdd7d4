private import Glibc

/// The rate falls along half a cosine wave to α times its start, after a linear warm-up if there is a target for one.
///
///     rate (1 - α) ½ (1 + cos(π i / steps)) + rate α
///
/// Source: `tf.keras.optimizers.schedules.CosineDecay` (Loshchilov and Hutter 2016).
public struct CosineDecay: Schedule {
  public static let className = "CosineDecay"

  /// The rate at the first step.
  public var initialLearningRate = 0.0
  /// Steps of the fall.
  public var decaySteps = 1.0
  /// The last rate as a part of the highest.
  public var alpha = 0.0
  /// The rate after the warm-up; nil for none.
  public var warmupTarget: Double?
  /// Steps of the warm-up.
  public var warmupSteps = 0.0

  /// A schedule whose rate is 0.
  public init() {}

  public mutating func fields(_ fields: inout Fields) {
    fields.requiredNumber("initial_learning_rate", &initialLearningRate, in: .nonNegative)
    fields.requiredNumber("decay_steps", &decaySteps, in: .positive)
    fields.number("alpha", &alpha, in: .nonNegative)
    fields.ignored("name")
    fields.optionalNumber("warmup_target", &warmupTarget, in: .nonNegative)
    fields.number("warmup_steps", &warmupSteps, in: .nonNegative)
  }

  public func value(at iteration: Int) -> Float {
    let i = Float(iteration)
    let steps = Float(decaySteps)
    let start = Float(initialLearningRate)
    guard let warmupTarget else { return decayed(start, at: min(i, steps) / steps) }
    let target = Float(warmupTarget)
    let warmup = Float(warmupSteps)
    if i < warmup { return (target - start) * (i / warmup) + start }
    return decayed(target, at: (min(i, steps + warmup) - warmup) / steps)
  }

  private func decayed(_ rate: Float, at fraction: Float) -> Float {
    rate * (Float(1 - alpha) * (0.5 * (1 + cosf(Float.pi32 * fraction))) + Float(alpha))
  }
}

extension Float {
  /// π as the nearest float32; Swift's own is rounded towards zero.
  static let pi32 = Float(Double.pi)
}
