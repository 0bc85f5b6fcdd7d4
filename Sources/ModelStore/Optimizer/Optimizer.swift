import Locks
public import Optimizers
public import Tensors

/// An averaging optimizer at work on variables of this process, with the members of `tfa.optimizers.SWA`.
///
///     let sgd = SGD(learningRate: 0.1)
///     let optimizer = try Optimizer(SWA(sgd, averagePeriod: 2), variables: [("w", [1, 2, 3])])
///     try optimizer.applyGradients([([0.5, 0, 0], "w")])
///     try optimizer.assignAverageVariables()
///
/// A thin layer: every change goes through the lane of `model`, by the same checks and kernels as a request to the server,
/// so a program may train locally and serve the same model. Calls may come from any thread.
public final class Optimizer: Sendable {
  /// The variables, what the optimizer remembers of them, and their average.
  public let model: Model
  /// What a program keeps beside the rule's own state.
  let added = Lock(Added())

  struct Added: Sendable {
    var slots: [(name: String, values: [String: Tensor])] = []
    var weights: [(name: String, value: Tensor)] = []
  }

  /// An optimizer of new variables, in creation order; integers, and those named in `nonTrainable`, are not trained.
  ///
  /// `threads` is how many may work on a large update. Throws what creating a model over HTTP would be refused for.
  public convenience init(
    _ optimizer: any AveragingOptimizer, variables: [(name: String, value: Tensor)], nonTrainable: [String] = [],
    registry: Registry = .standard, threads: Int = 1, pool: RegionPool = RegionPool()
  ) throws(BodyError) {
    let model = Model(optimizer: optimizer, registry: registry, threads: threads, pool: pool)
    var stream = TensorStream(variables)
    var receiver = ModelReceiver(
      existing: nil, nonTrainable: nonTrainable, totalByteCount: stream.byteCount, pool: pool)
    try stream.feed { (fill) throws(BodyError) in try receiver.receive(fill) }
    let (layout, values) = try receiver.finish()
    do throws(ModelError) {
      _ = try model.apply(.create(layout: layout, values: values, epoch: .random()))
    } catch {
      throw .model(error)
    }
    self.init(model)
  }

  /// The optimizer of a model that there is, such as one that is served.
  public init(_ model: Model) {
    self.model = model
  }

  /// Steps taken so far.
  public var iterations: Int { model.status.model?.stamp.iterations ?? 0 }

  /// The inner optimizer's learning rate, before decay.
  public var learningRate: LearningRate { model.status.optimizer.learningRate }

  /// As `learningRate`.
  public var lr: LearningRate { learningRate }

  /// Sets the inner optimizer's learning rate; a number ends a schedule. All state is kept.
  public func setLearningRate(_ rate: LearningRate) throws(ModelError) {
    let value = model.registry.print(rate)
    _ = try model.apply(.patchOptimizer(.object([.init("learning_rate", value)])))
  }

  /// The optimizer's configuration, as `get_config` has it.
  public var config: ConfigValue { model.status.optimizer.config }

  /// A variable's value now; it stays what it is while training goes on. Cost: no copy, but one for the next step when
  /// the tensor is still held then.
  public func value(of variable: String) throws(ModelError) -> Tensor {
    try model.weights().tensor(named: variable)
  }

  /// Sets trainable variables, or all of them, to their averages, and returns their names in creation order.
  ///
  /// Throws `noAverage` before the first snapshot, where TensorFlow Addons sets zeros.
  @discardableResult
  public func assignAverageVariables(_ variables: [String]? = nil) throws(ModelError) -> [String] {
    guard case .assigned(let names, _) = try model.apply(.assignAverage(variables: variables)) else { return [] }
    return names
  }
}

extension WeightsVersion {
  /// A variable's value, or its average; shares the version's memory.
  public func tensor(named name: String) throws(ModelError) -> Tensor {
    guard let index = layout.index(of: name) else { throw .unknownVariable(name) }
    let entry = layout.entries[index]
    let shape = entry.variable.shape
    return switch kind {
    case .current: Tensor(dtype: entry.variable.dtype, shape: shape, in: values, at: entry.offset)
    case .averaged: Tensor(dtype: entry.computeType, shape: shape, in: values, at: entry.computeOffset)
    }
  }
}
