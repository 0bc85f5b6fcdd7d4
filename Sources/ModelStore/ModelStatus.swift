public import Optimizers
public import Tensors

/// What can be said of a model without waiting for the push that is being applied.
///
/// An object, because every request looks at it and every push makes one.
public final class ModelStatus: Sendable {
  /// The optimizer.
  public let optimizer: any AveragingOptimizer
  /// The trained model; nil when there is none yet.
  public let model: Trained?

  init(optimizer: any AveragingOptimizer, model: Trained?) {
    self.optimizer = optimizer
    self.model = model
  }

  /// The model's counters.
  public final class Trained: Sendable {
    /// Variables and their places.
    public let layout: Layout
    /// Which weights are there.
    public let stamp: VersionStamp
    /// Which state of the optimizer is there.
    public let slotStamp: VersionStamp
    /// The average's counters; nil before the first snapshot.
    public let average: Average?
    /// The value of `iterations` after the push that takes the next snapshot.
    public let nextSnapshotAt: Int
    /// The effective learning rate of the next step.
    public let learningRate: Float

    init(
      layout: Layout, stamp: VersionStamp, slotStamp: VersionStamp, average: Average?, nextSnapshotAt: Int,
      learningRate: Float
    ) {
      self.layout = layout
      self.stamp = stamp
      self.slotStamp = slotStamp
      self.average = average
      self.nextSnapshotAt = nextSnapshotAt
      self.learningRate = learningRate
    }
  }

  /// An average's counters.
  public struct Average: Sendable {
    /// Snapshots in it.
    public let snapshots: Int
    /// Which average it is.
    public let stamp: VersionStamp
  }
}
