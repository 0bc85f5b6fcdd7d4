private import Locks
public import Optimizers
public import Tensors

/// The model that trains. Changes go one at a time through one lane; readers keep the version that they took.
///
/// With a journal, a change and the version that it makes are told when the change's record is on disk; the lane goes on
/// meanwhile. `then` is called at once where nothing has to be waited for, else from the journal's thread, where it must
/// not wait.
public final class Model: Sendable {
  private struct Lane: Sendable {
    var state: ModelState
    /// Counts changes.
    var sequence = 0
    /// How many of them are on disk; nil without a journal.
    var watermark: Watermark?
  }

  private let lane: Lock<Lane>
  /// What was true after the last durable change, for those who must not wait for the lane.
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
    lane = Lock(Lane(state: state))
    published = Lock(state.status)
    self.registry = registry
    self.threads = threads
    self.pool = pool
  }

  /// What was true after the last durable change. Never waits.
  public var status: ModelStatus { published.withLock { $0 } }
}

/// Changing the model.
extension Model {
  /// Applies a change after those before it, and answers when it is durable.
  public func apply(_ change: Change, then: @escaping @Sendable (Result<Outcome, ModelError>) -> Void) {
    do throws(ModelError) {
      try lane.withLock { (lane) throws(ModelError) in try apply(change, in: &lane) }.then(then)
    } catch {
      then(.failure(error))
    }
  }

  /// Applies a change at once; nil, and nothing done, when the lane is not free.
  public func applyIfFree(_ change: Change) throws(ModelError) -> Pending<Outcome>? {
    try lane.withLockIfAvailable { (lane) throws(ModelError) in try apply(change, in: &lane) }
  }

  /// Applies a change; waits for those before it and until it is durable.
  public func apply(_ change: Change) throws(ModelError) -> Outcome {
    try lane.withLock { (lane) throws(ModelError) in try apply(change, in: &lane) }.wait()
  }

  private func apply(_ change: Change, in lane: inout Lane) throws(ModelError) -> Pending<Outcome> {
    if let outcome = try lane.state.replay(of: change) {
      return Pending(outcome, after: lane.sequence, of: lane.watermark)
    }
    let outcome = try lane.state.apply(change, registry: registry, threads: threads)
    lane.sequence += 1
    let status = lane.state.status
    if let watermark = lane.watermark {
      watermark.whenDurable(lane.sequence) { [self] failure in
        if failure == nil { published.withLock { $0 = status } }
      }
    } else {
      published.withLock { $0 = status }
    }
    return Pending(outcome, after: lane.sequence, of: lane.watermark)
  }
}

/// Pushes that come again.
extension Model {
  /// Whether a push was applied under the key, as far as it is remembered; nil when the lane is not free.
  public func remembersIfFree(_ key: PushKey, at seconds: Int) -> Bool? {
    lane.withLockIfAvailable { lane in lane.state.trained?.receipts.contains(key, at: seconds) ?? false }
  }
}

/// Taking versions: the newest one on arrival, told when it is durable. Cost: independent of the model's size.
extension Model {
  /// The weights as they are now; waits for the push that is being applied.
  public func weights(then: @escaping @Sendable (Result<WeightsVersion, ModelError>) -> Void) {
    take({ (state) throws(ModelError) in try state.weights() }, then)
  }

  /// The weights as they are now; nil when the lane is not free.
  public func weightsIfFree() throws(ModelError) -> Pending<WeightsVersion>? {
    try takeIfFree { (state) throws(ModelError) in try state.weights() }
  }

  /// The weights as they are now; waits for the push that is being applied, and until it is durable.
  public func weights() throws(ModelError) -> WeightsVersion {
    try take { (state) throws(ModelError) in try state.weights() }.wait()
  }

  /// The averages as they are now; waits for the push that is being applied.
  public func averagedWeights(then: @escaping @Sendable (Result<WeightsVersion, ModelError>) -> Void) {
    take({ (state) throws(ModelError) in try state.averagedWeights() }, then)
  }

  /// The averages as they are now; nil when the lane is not free.
  public func averagedWeightsIfFree() throws(ModelError) -> Pending<WeightsVersion>? {
    try takeIfFree { (state) throws(ModelError) in try state.averagedWeights() }
  }

  /// The averages as they are now; waits for the push that is being applied, and until it is durable.
  public func averagedWeights() throws(ModelError) -> WeightsVersion {
    try take { (state) throws(ModelError) in try state.averagedWeights() }.wait()
  }

  /// All that the optimizer remembers now; waits for the push that is being applied.
  public func optimizerState(then: @escaping @Sendable (Result<OptimizerState, ModelError>) -> Void) {
    take({ (state) throws(ModelError) in try state.optimizerState() }, then)
  }

  /// All that the optimizer remembers now; waits for the push that is being applied, and until it is durable.
  public func optimizerState() throws(ModelError) -> OptimizerState {
    try take { (state) throws(ModelError) in try state.optimizerState() }.wait()
  }

  /// What a push would be answered, without applying it; waits for the push that is being applied.
  public func dryRun(_ push: Push, then: @escaping @Sendable (Result<Receipt, ModelError>) -> Void) {
    take({ (state) throws(ModelError) in try state.receipt(of: push) }, then)
  }

  private func take<Value: Sendable>(
    _ body: (ModelState) throws(ModelError) -> Value, _ then: @escaping @Sendable (Result<Value, ModelError>) -> Void
  ) {
    do throws(ModelError) {
      try take(body).then(then)
    } catch {
      then(.failure(error))
    }
  }

  private func take<Value: Sendable>(
    _ body: (ModelState) throws(ModelError) -> Value
  ) throws(ModelError) -> Pending<Value> {
    try lane.withLock { (lane) throws(ModelError) in
      Pending(try body(lane.state), after: lane.sequence, of: lane.watermark)
    }
  }

  private func takeIfFree<Value: Sendable>(
    _ body: (ModelState) throws(ModelError) -> Value
  ) throws(ModelError) -> Pending<Value>? {
    try lane.withLockIfAvailable { (lane) throws(ModelError) in
      Pending(try body(lane.state), after: lane.sequence, of: lane.watermark)
    }
  }
}
