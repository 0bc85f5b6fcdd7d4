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
    /// The last change after which the weights, and the averages, were others.
    var weightsSequence = 0
    var averageSequence = 0
    /// What keeps the model on disk, if anything does.
    var durability: Durability?

    var watermark: Watermark? { durability?.journal?.watermark }
  }

  private let lane: Lock<Lane>
  private let kept = Lock<Durability?>(nil)
  /// What was true after the last durable change, for those who must not wait for the lane.
  private let published: Lock<ModelStatus>
  private let observers = Lock<[@Sendable () -> Void]>([])
  /// The classes that configurations may name.
  public let registry: Registry
  let threads: Int
  /// Where the model's regions come from; bodies for it take theirs here too.
  public let pool: RegionPool
  /// Of the gradients that came for it.
  public let headers = AcceptedHeaders()

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

  /// Calls `body` after each durable change, from whatever thread; it must not wait, and of the model it may look at
  /// `status` alone.
  public func onChange(_ body: @escaping @Sendable () -> Void) {
    observers.withLock { $0.append(body) }
  }

  private func publish(_ status: ModelStatus) {
    published.withLock { $0 = status }
    for observer in observers.withLock({ $0 }) { observer() }
  }
}

/// Changing the model.
extension Model {
  /// Applies a change after those before it, if `condition` holds then, and answers when it is durable.
  public func apply(
    _ change: Change, onlyIf condition: (@Sendable (ModelStatus) -> Bool)? = nil,
    then: @escaping @Sendable (Result<Outcome, ModelError>) -> Void
  ) {
    do throws(ModelError) {
      try lane.withLock { (lane) throws(ModelError) in
        if let condition, !condition(lane.state.status) { throw .preconditionFailed }
        return try apply(change, in: &lane)
      }.then(then)
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
    guard let durability = lane.durability else {
      let outcome = try lane.state.apply(change, registry: registry, threads: threads)
      lane.sequence += 1
      publish(lane.state.status)
      return Pending(outcome, after: lane.sequence, of: nil)
    }
    let outcome = try apply(change, in: &lane, durability)
    var isDue = durability.begins(atIterations: lane.state.trained?.iterations ?? 0)
    // Without a journal a crash would undo what an operator went back from.
    if case .restore = change, durability.journal == nil { isDue = true }
    if isDue { checkpoint { _ in } }
    return Pending(outcome, after: lane.sequence, of: lane.watermark)
  }

  /// Applies a change that is kept on disk: with a journal, there is room for its record before, and it is told when the
  /// record is there.
  private func apply(
    _ change: Change, in lane: inout Lane, _ durability: Durability
  ) throws(ModelError) -> Outcome {
    let sequence = lane.sequence + 1
    let change = try change.asRecorded(by: registry)
    let record = durability.journal.map { _ in ChangeRecord(of: change, registry: registry) }
    let epoch = lane.state.epochName
    let place: Journal.Place? =
      if let journal = durability.journal, let record { try journal.reserve(for: record, sequence: sequence) } else {
        nil
      }
    let before = (lane.state.trained?.stamp, lane.state.trained?.averageStamp)
    let outcome = try lane.state.apply(change, registry: registry, threads: threads)
    lane.sequence = sequence
    if lane.state.trained?.stamp != before.0 { lane.weightsSequence = sequence }
    if lane.state.trained?.averageStamp != before.1 { lane.averageSequence = sequence }
    let status = lane.state.status
    if let journal = durability.journal, let record, let place {
      journal.append(record, sequence: sequence, epoch: epoch, at: place)
      journal.watermark.whenDurable(sequence) { [self] failure in
        if failure == nil { publish(status) }
      }
    } else {
      publish(status)
    }
    return outcome
  }
}

/// Pushes that come again.
extension Model {
  /// The outcome of a push that was applied before; nil for one that was not. Waits for the push that is being applied.
  public func replay(
    of identity: PushIdentity, for epoch: Epoch?, wantsWeights: Bool,
    then: @escaping @Sendable (Result<Outcome?, ModelError>) -> Void
  ) {
    take(
      { $0.sequence },
      { (state) throws(ModelError) in try state.replay(of: identity, for: epoch, wantsWeights: wantsWeights) }, then)
  }

  /// Whether a push was applied under the key, as far as it is remembered; nil when the lane is not free.
  public func remembersIfFree(_ key: PushKey, at seconds: Int) -> Bool? {
    lane.withLockIfAvailable { lane in lane.state.trained?.receipts.contains(key, at: seconds) ?? false }
  }
}

/// Taking versions: the newest one on arrival, told when it is durable. Cost: independent of the model's size.
extension Model {
  /// The weights as they are now; waits for the push that is being applied.
  public func weights(then: @escaping @Sendable (Result<WeightsVersion, ModelError>) -> Void) {
    take({ $0.weightsSequence }, { (state) throws(ModelError) in try state.weights() }, then)
  }

  /// The weights as they are now; nil when the lane is not free.
  public func weightsIfFree() throws(ModelError) -> Pending<WeightsVersion>? {
    try takeIfFree({ $0.weightsSequence }) { (state) throws(ModelError) in try state.weights() }
  }

  /// The weights as they are now; waits for the push that is being applied, and until it is durable.
  public func weights() throws(ModelError) -> WeightsVersion {
    try take({ $0.weightsSequence }) { (state) throws(ModelError) in try state.weights() }.wait()
  }

  /// The averages as they are now; waits for the push that is being applied.
  public func averagedWeights(then: @escaping @Sendable (Result<WeightsVersion, ModelError>) -> Void) {
    take({ $0.averageSequence }, { (state) throws(ModelError) in try state.averagedWeights() }, then)
  }

  /// The averages as they are now; nil when the lane is not free.
  public func averagedWeightsIfFree() throws(ModelError) -> Pending<WeightsVersion>? {
    try takeIfFree({ $0.averageSequence }) { (state) throws(ModelError) in try state.averagedWeights() }
  }

  /// The averages as they are now; waits for the push that is being applied, and until it is durable.
  public func averagedWeights() throws(ModelError) -> WeightsVersion {
    try take({ $0.averageSequence }) { (state) throws(ModelError) in try state.averagedWeights() }.wait()
  }

  /// All that the optimizer remembers now; waits for the push that is being applied.
  public func optimizerState(then: @escaping @Sendable (Result<OptimizerState, ModelError>) -> Void) {
    take({ $0.sequence }, { (state) throws(ModelError) in try state.optimizerState() }, then)
  }

  /// All that the optimizer remembers now; waits for the push that is being applied, and until it is durable.
  public func optimizerState() throws(ModelError) -> OptimizerState {
    try take({ $0.sequence }) { (state) throws(ModelError) in try state.optimizerState() }.wait()
  }

  /// What a push would be answered, without applying it; waits for the push that is being applied.
  public func dryRun(_ push: Push, then: @escaping @Sendable (Result<Receipt, ModelError>) -> Void) {
    take({ $0.sequence }, { (state) throws(ModelError) in try state.receipt(of: push) }, then)
  }

  /// What `body` takes of the state, to be told when the change that `sequence` names is durable.
  private func take<Value: Sendable>(
    _ sequence: (Lane) -> Int, _ body: (ModelState) throws(ModelError) -> Value,
    _ then: @escaping @Sendable (Result<Value, ModelError>) -> Void
  ) {
    do throws(ModelError) {
      try take(sequence, body).then(then)
    } catch {
      then(.failure(error))
    }
  }

  private func take<Value: Sendable>(
    _ sequence: (Lane) -> Int, _ body: (ModelState) throws(ModelError) -> Value
  ) throws(ModelError) -> Pending<Value> {
    try lane.withLock { (lane) throws(ModelError) in
      Pending(try body(lane.state), after: sequence(lane), of: lane.watermark)
    }
  }

  private func takeIfFree<Value: Sendable>(
    _ sequence: (Lane) -> Int, _ body: (ModelState) throws(ModelError) -> Value
  ) throws(ModelError) -> Pending<Value>? {
    try lane.withLockIfAvailable { (lane) throws(ModelError) in
      Pending(try body(lane.state), after: sequence(lane), of: lane.watermark)
    }
  }
}

/// What keeping the model on disk needs of the lane.
extension Model {
  /// What keeps the model on disk, if anything does.
  var durability: Durability? { kept.withLock { $0 } }

  /// From now on changes are kept.
  func start(_ durability: Durability) {
    lane.withLock { $0.durability = durability }
    kept.withLock { $0 = durability }
    durability.start { [weak self] in self?.checkpoint { _ in } }
  }

  /// Goes on from a saved state.
  func adopt(_ saved: SavedState) {
    lane.withLock { lane in
      lane.state = saved.state
      lane.sequence = saved.sequence
      lane.weightsSequence = saved.sequence
      lane.averageSequence = saved.sequence
    }
    let status = saved.state.status
    publish(status)
  }

  /// The whole state as it is now, whether or not it is durable.
  func capturedState() -> SavedState {
    lane.withLock { lane in SavedState(lane.state.held, sequence: lane.sequence) }
  }

  /// The whole state as it is now.
  func capture() -> Pending<SavedState> {
    lane.withLock { lane in
      Pending(SavedState(lane.state.held, sequence: lane.sequence), after: lane.sequence, of: lane.watermark)
    }
  }
}
