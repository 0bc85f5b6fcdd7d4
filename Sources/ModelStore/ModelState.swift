import Optimizers
import Tensors

/// All that changes: an optimizer, and a model once there is one.
struct ModelState: Sendable {
  var optimizer: any AveragingOptimizer
  var trained: TrainedModel?

  /// Applies one change, all of it or none: the one place where a model changes.
  mutating func apply(_ change: Change, registry: Registry, threads: Int) throws(ModelError) -> Outcome {
    switch change {
    case .create(let layout, let values, let epoch):
      guard trained == nil else { throw .modelExists }
      let created = try TrainedModel(layout: layout, values: values, epoch: epoch, rule: optimizer.inner)
      trained = created
      return .created(created.stamp)
    case .setOptimizer(let optimizer, let epoch):
      try trained?.reset(for: optimizer.inner, epoch: epoch)
      self.optimizer = optimizer
      return .configured(warnings: [])
    case .patchOptimizer(let patch):
      return try patchOptimizer(patch, registry: registry)
    case .restore(let saved, let epoch):
      self = saved.state.held
      trained?.epoch = epoch
      return .restored(trained?.stamp)
    case .drop:
      guard trained != nil else { throw .noModel }
      trained = nil
      return .dropped
    case .replace, .push, .assignAverage, .dropAverage, .setAveragedBuffers, .setOptimizerState:
      guard let outcome = try trained?.apply(change, by: optimizer, threads: threads) else { throw .noModel }
      return outcome
    }
  }

  /// The outcome of a push that was applied before, when it came first; nil for whatever is still to be applied.
  func replay(of change: Change) throws(ModelError) -> Outcome? {
    guard case .push(let push) = change, push.identities.count == 1, let identity = push.identities.first else {
      return nil
    }
    return try replay(of: identity, for: push.base.epoch, wantsWeights: push.wantsWeights)
  }

  /// The outcome of a push that was applied before; nil for one that was not.
  func replay(of identity: PushIdentity, for epoch: Epoch?, wantsWeights: Bool) throws(ModelError) -> Outcome? {
    guard let trained, epoch ?? trained.epoch == trained.epoch,
      let receipt = try trained.receipts.receipt(of: identity)
    else { return nil }
    return .replayed(receipt, wantsWeights ? trained.weights : nil)
  }

  private mutating func patchOptimizer(_ patch: ConfigValue, registry: Registry) throws(ModelError) -> Outcome {
    let changed: any AveragingOptimizer
    let warnings: [String]
    do throws(ConfigurationError) {
      (changed, warnings) = try registry.patch(optimizer, with: patch)
    } catch {
      throw .configuration(error)
    }
    try trained?.adoptSlots(of: changed.inner, from: optimizer.inner)
    optimizer = changed
    return .configured(warnings: warnings)
  }

  func weights() throws(ModelError) -> WeightsVersion {
    guard let weights = trained?.weights else { throw .noModel }
    return weights
  }

  func averagedWeights() throws(ModelError) -> WeightsVersion {
    guard trained != nil else { throw .noModel }
    guard let weights = trained?.averagedWeights else { throw .noAverage }
    return weights
  }

  func optimizerState() throws(ModelError) -> OptimizerState {
    guard let trained else { throw .noModel }
    return trained.optimizerState(of: optimizer.inner)
  }

  /// What a push would be answered, without applying it.
  func receipt(of push: Push) throws(ModelError) -> Receipt {
    guard let trained else { throw .noModel }
    return try trained.receipt(of: push, by: optimizer)
  }

  /// The state as somebody else may hold it: each region by itself, as an array of them would be shared.
  var held: ModelState {
    var held = self
    if let slots = trained?.slots { held.trained?.slots = slots.map { $0 } }
    return held
  }

  /// What is published after a change.
  var status: ModelStatus {
    ModelStatus(optimizer: optimizer, model: trained?.status(of: optimizer))
  }
}

extension TrainedModel {
  mutating func apply(
    _ change: Change, by optimizer: any AveragingOptimizer, threads: Int
  ) throws(ModelError) -> Outcome {
    switch change {
    case .replace(let layout, let values):
      try replace(layout: layout, values: values)
      return .replaced(stamp)
    case .push(let push):
      let receipt = try apply(push, by: optimizer, threads: threads)
      return .pushed(receipt, push.wantsWeights ? weights : nil)
    case .assignAverage(let names):
      let assigned = try assignAverage(names)
      return .assigned(assigned, stamp)
    case .setOptimizerState(let state, let epoch):
      try set(state, by: optimizer, epoch: epoch)
      return .stateSet(stamp)
    case .dropAverage:
      try dropAverage()
      return .dropped
    case .setAveragedBuffers(let buffers):
      let stamp = try setAveragedBuffers(buffers)
      return .averageChanged(buffers.assigned.map { layout.entries[$0].variable.name }, stamp)
    case .create, .drop, .restore, .setOptimizer, .patchOptimizer:
      preconditionFailure("a change of the state, not of the model in it")
    }
  }

  func status(of optimizer: any AveragingOptimizer) -> ModelStatus.Trained {
    ModelStatus.Trained(
      layout: layout, stamp: stamp, slotStamp: slotStamp,
      average: averageStamp.map { ModelStatus.Average(snapshots: average?.count ?? 0, stamp: $0) },
      nextSnapshotAt: optimizer.nextSnapshot(from: iterations) + 1,
      learningRate: optimizer.inner.step(at: iterations).effectiveLearningRate())
  }
}
