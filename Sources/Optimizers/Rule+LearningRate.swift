extension Rule {
  /// A rule with Keras's defaults beside its learning rate: `Adam(learningRate: 0.01)`.
  public init(learningRate: LearningRate) {
    self.init()
    settings.learningRate = learningRate
  }
}

extension LearningRate: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
  /// The same at every iteration.
  public init(floatLiteral value: Float) { self = .constant(value) }

  /// The same at every iteration.
  public init(integerLiteral value: Int) { self = .constant(Float(value)) }
}
