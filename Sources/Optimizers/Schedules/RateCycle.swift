/// Straight lines from a lowest rate to a highest and back, what the three cyclical schedules of TensorFlow Addons share.
public struct RateCycle: Sendable {
  /// The lowest rate, at which a cycle begins.
  public var initialLearningRate = 0.0
  /// The highest rate.
  public var maximalLearningRate = 0.0
  /// Steps from one to the other.
  public var stepSize = 1.0

  static let module = "tensorflow_addons.optimizers.cyclical_learning_rate"

  /// A cycle at 0.
  public init() {}

  mutating func fields(_ fields: inout Fields) {
    fields.requiredNumber("initial_learning_rate", &initialLearningRate, in: .nonNegative)
    fields.requiredNumber("maximal_learning_rate", &maximalLearningRate, in: .nonNegative)
    fields.requiredNumber("step_size", &stepSize, in: .positive)
  }

  /// The rate at an iteration, the height of its cycle scaled by a function of the cycle's number, from 1.
  func value(at iteration: Int, scale: (_ cycle: Float) -> Float) -> Float {
    let i = Float(iteration)
    let size = Float(stepSize)
    let cycle = (1 + i / (2 * size)).rounded(.down)
    let x = (i / size - 2 * cycle + 1).magnitude
    let lowest = Float(initialLearningRate)
    return lowest + (Float(maximalLearningRate) - lowest) * max(0, 1 - x) * scale(cycle)
  }
}
