import Optimizers

/// A loop over a model's elements that can be timed: a rule's step, or a snapshot.
struct Kernel: Sendable {
  /// What is done to each element.
  enum Work: Sendable {
    case step(any Rule)
    case snapshot(any AveragingOptimizer)
  }

  let name: String
  let work: Work

  /// All kernels, under the names that they have in deploy/bench/kernels.c too.
  static let all: [Kernel] = {
    var adamw = AdamW()
    adamw.weightDecay = 0.01
    var ftrl = Ftrl()
    ftrl.l1 = 0.001
    ftrl.l2 = 0.001
    let rules: [(String, any Rule)] = [
      ("sgd", sgd()), ("momentum", sgd(momentum: 0.9)), ("nesterov", sgd(momentum: 0.9, nesterov: true)),
      ("adam", Adam()), ("amsgrad", amsgrad()), ("adamw", adamw), ("adamax", Adamax()), ("nadam", Nadam()),
      ("rmsprop", RMSprop()), ("rmsprop_centered", rmsprop(centered: true)),
      ("rmsprop_momentum", rmsprop(momentum: 0.9)),
      ("rmsprop_centered_momentum", rmsprop(momentum: 0.9, centered: true)), ("adagrad", Adagrad()),
      ("adadelta", Adadelta()), ("ftrl", ftrl), ("assign", Assign()),
    ]
    return rules.map { Kernel(name: $0, work: .step($1)) } + [
      Kernel(name: "average", work: .snapshot(SWA())),
      Kernel(name: "moving_average", work: .snapshot(MovingAverage())),
    ]
  }()

  private static func sgd(momentum: Float = 0, nesterov: Bool = false) -> SGD {
    var rule = SGD()
    rule.settings.learningRate = .constant(0.001)
    rule.momentum = momentum
    rule.nesterov = nesterov
    return rule
  }

  private static func rmsprop(momentum: Float = 0, centered: Bool = false) -> RMSprop {
    var rule = RMSprop()
    rule.momentum = momentum
    rule.centered = centered
    return rule
  }

  private static func amsgrad() -> Adam {
    var rule = Adam()
    rule.amsgrad = true
    return rule
  }
}
