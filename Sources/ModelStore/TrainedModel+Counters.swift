import Tensors

/// What a model is beside its tensors.
extension TrainedModel {
  /// Counters and the rule's own numbers.
  struct Counters: Sendable {
    var epoch: Epoch
    var iterations: Int
    var version: Int
    var averageVersion: Int
    var slotVersion: Int
    /// The average's; nil before the first snapshot.
    var average: (count: Int, iterations: Int)?
    var scalars: [Double]
  }

  var counters: Counters {
    Counters(
      epoch: epoch, iterations: iterations, version: version, averageVersion: averageVersion, slotVersion: slotVersion,
      average: average.map { ($0.count, $0.iterations) }, scalars: scalars)
  }

  /// A model as it was saved; `average` is there when the counters have one.
  init(layout: Layout, _ counters: Counters, variables: Region, slots: [Region], average: Region?) {
    self.layout = layout
    self.variables = variables
    self.slots = slots
    epoch = counters.epoch
    iterations = counters.iterations
    version = counters.version
    averageVersion = counters.averageVersion
    slotVersion = counters.slotVersion
    scalars = counters.scalars
    if let average, let counts = counters.average {
      self.average = Average(values: average, count: counts.count, iterations: counts.iterations)
    }
  }
}
