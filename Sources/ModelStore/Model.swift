public import Optimizers
private import Locks
public import Tensors

/// The model that trains. Changes go one at a time through one lane; readers keep the version that they took.
public final class Model: Sendable {
  private let lane: Lock<ModelState>
  /// What was true after the last change, for those who must not wait for the lane.
  private let published: Lock<ModelStatus>
  /// The classes that configurations may name.
  public let registry: Registry
  private let threads: Int
  /// Where the model's regions come from; bodies for it take theirs here too.
  public let pool: RegionPool

  /// A server's model before there is one: an optimizer alone.
  ///
  /// `threads` is how many may work on a large update.
  public init(optimizer: any AveragingOptimizer, registry: Registry = .standard, threads: Int, pool: RegionPool) {
    let state = ModelState(optimizer: optimizer)
    lane = Lock(state)
    published = Lock(state.status)
    self.registry = registry
    self.threads = threads
    self.pool = pool
  }

  /// What was true after the last change. Never waits for a push.
  public var status: ModelStatus { published.withLock { $0 } }

  /// The weights as they are now; waits for the push that is being applied. Cost: independent of the model's size.
  public func weights() throws(ModelError) -> WeightsVersion {
    try lane.withLock { (state) throws(ModelError) in try state.weights() }
  }

  /// As `weights`, but nil when the lane is not free.
  public func weightsIfFree() throws(ModelError) -> WeightsVersion? {
    try lane.withLockIfAvailable { (state) throws(ModelError) in try state.weights() }
  }

  /// The averages as they are now; waits for the push that is being applied. Cost: independent of the model's size.
  public func averagedWeights() throws(ModelError) -> WeightsVersion {
    try lane.withLock { (state) throws(ModelError) in try state.averagedWeights() }
  }

  /// As `averagedWeights`, but nil when the lane is not free.
  public func averagedWeightsIfFree() throws(ModelError) -> WeightsVersion? {
    try lane.withLockIfAvailable { (state) throws(ModelError) in try state.averagedWeights() }
  }

  /// All that the optimizer remembers now; waits for the push that is being applied. Cost: independent of the model's
  /// size.
  public func optimizerState() throws(ModelError) -> OptimizerState {
    try lane.withLock { (state) throws(ModelError) in
      guard let trained = state.trained else { throw .noModel }
      return trained.optimizerState(of: state.optimizer.inner)
    }
  }

  /// Applies a change; waits for those before it.
  public func apply(_ change: Change) throws(ModelError) -> Outcome {
    try lane.withLock { (state) throws(ModelError) in try applyAndPublish(change, to: &state) }
  }

  /// As `apply`, but nil when the lane is not free.
  public func applyIfFree(_ change: Change) throws(ModelError) -> Outcome? {
    try lane.withLockIfAvailable { (state) throws(ModelError) in try applyAndPublish(change, to: &state) }
  }

  /// What a push would be answered, without applying it; waits for the push that is being applied.
  public func dryRun(_ push: Push) throws(ModelError) -> Receipt {
    try lane.withLock { (state) throws(ModelError) in
      guard let receipt = try state.trained?.receipt(of: push, by: state.optimizer) else { throw .noModel }
      return receipt
    }
  }

  private func applyAndPublish(_ change: Change, to state: inout ModelState) throws(ModelError) -> Outcome {
    let outcome = try state.apply(change, registry: registry, threads: threads)
    let status = state.status
    published.withLock { $0 = status }
    return outcome
  }
}
