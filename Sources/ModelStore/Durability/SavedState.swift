public import Optimizers
public import Tensors

/// A whole state to go on from: optimizer, variables, slots, averages and counters, as a checkpoint holds them.
public struct SavedState: Sendable {
  let state: ModelState
  /// How many changes had led to it.
  let sequence: Int

  init(_ state: ModelState, sequence: Int) {
    self.state = state
    self.sequence = sequence
  }

  /// The optimizer.
  public var optimizer: any AveragingOptimizer { state.optimizer }
  /// The model's layout; nil when there was no model.
  public var layout: Layout? { state.trained?.layout }
  /// Which weights they were; nil when there was no model.
  public var stamp: VersionStamp? { state.trained?.stamp }
}
