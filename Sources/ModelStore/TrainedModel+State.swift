import Optimizers
import Tensors

/// Going on from saved optimizer state.
extension TrainedModel {
  /// Takes over iterations, slots and averages; the variables stay. A count of 0 snapshots means no average, whatever
  /// the list holds.
  mutating func set(
    _ state: SavedOptimizerState, by optimizer: any AveragingOptimizer, epoch: Epoch
  ) throws(ModelError) {
    guard state.layout === layout, state.slotNames == optimizer.inner.slotNames else {
      throw .epochMismatch(came: "state for a model or an optimizer that is gone", expected: self.epoch.description)
    }
    let taken = optimizer.snapshots(before: state.iterations)
    let count = state.snapshots ?? taken.count
    slots = state.slots
    scalars = state.scalars
    iterations = state.iterations
    average = count == 0 ? nil : Average(values: state.average, count: count, iterations: taken.last)
    copyNonTrainableToAverage()
    self.epoch = epoch
    version = 1
    slotVersion = 1
    averageVersion = count == 0 ? 0 : 1
  }

  /// Averaged weights hold non-trainable variables too, as they are now.
  private mutating func copyNonTrainableToAverage() {
    guard var taken = average.take() else { return }
    for entry in layout.entries.dropFirst(layout.trainableCount) {
      taken.values.copyBytes(from: variables, in: entry.range, to: entry.computeOffset)
    }
    average = taken
  }
}
