/// What a rule knows of the step that it takes.
public struct Step: Sendable {
  /// The number of steps before this one, from 0.
  public let iteration: Int
  /// The constant learning rate, or the schedule's value at `iteration`.
  public let learningRate: Float
  /// Keras's time-based decay, 0 for none.
  public let decay: Double
  /// The rule's numbers before the step.
  public let scalars: [Double]

  /// A step.
  public init(iteration: Int, learningRate: Float, decay: Double, scalars: [Double] = []) {
    self.iteration = iteration
    self.learningRate = learningRate
    self.decay = decay
    self.scalars = scalars
  }

  /// The same step at a part of the learning rate.
  public func withRate(dividedBy divisor: Float) -> Step {
    Step(iteration: iteration, learningRate: learningRate / divisor, decay: decay, scalars: scalars)
  }

  /// The learning rate after decay, `lr / (1 + decay * i)`, computed in T with each operand rounded to it first
  /// (Keras `OptimizerV2._decayed_lr`).
  @inlinable
  public func effectiveLearningRate<T: Trainable>(as type: T.Type = T.self) -> T {
    guard decay > 0 else { return T(learningRate) }
    // Keras casts the decay by way of float32.
    return T(learningRate) / (1 + T(Float(decay)) * T(iteration))
  }

  /// A beta's power after the step, `beta^(i + 1)`.
  @inlinable
  public func power<T: Trainable>(of beta: T) -> T {
    T.power(beta, T(iteration + 1))
  }
}
