import Optimizers
public import Tensors

/// Gradients of some variables of a model, received in full and checked.
///
/// An object, because a push goes through many hands, and copies of all this would cost more than a small step.
public final class Gradient: Sendable {
  /// The layout of the model that they are for.
  public let layout: Layout
  /// Dense gradients and new values of non-trainable variables, in the layout's compute places; unspecified elsewhere.
  public let values: Region
  /// Indices of the trainable entries with a dense gradient, ascending.
  public let dense: [Int]
  /// Indices of the non-trainable entries that get a new value, ascending.
  public let assigned: [Int]
  /// Gradients of some rows of a variable.
  public let sparse: [SparseGradient]
  /// The 2-norm over trainable variables, before clipping.
  public let norm: Double
  /// The runs of the dense gradients, for one thread each, where they were found before.
  let knownRuns: [RunExtent]?

  /// Gradients that were checked.
  init(
    layout: Layout, values: Region, dense: [Int], assigned: [Int], sparse: [SparseGradient], norm: Double,
    knownRuns: [RunExtent]? = nil
  ) {
    self.layout = layout
    self.values = values
    self.dense = dense
    self.assigned = assigned
    self.sparse = sparse
    self.norm = norm
    self.knownRuns = knownRuns
  }

  /// The runs of neighbouring trainable variables of one type, where `clips`, if there are any, are the same too.
  static func runs(
    of indices: some Sequence<Int>, in layout: Layout, threads: Int, clips: [[ClipStep]]? = nil
  ) -> [RunExtent] {
    var runs: [RunExtent] = []
    var first: Layout.Entry?
    var steps: [ClipStep] = []
    var count = 0
    var next = 0
    func close() {
      guard let first, count > 0 else { return }
      var run = RunExtent(
        storageType: first.variable.dtype, elementCount: count, variableOffset: first.offset,
        computeOffset: first.computeOffset, threads: threads)
      run.clips = steps
      runs.append(run)
    }
    for (position, index) in indices.enumerated() {
      let entry = layout.entries[index]
      let entrySteps = clips?[position] ?? []
      if let first, index == next, entry.variable.dtype == first.variable.dtype, entrySteps == steps {
        count += entry.variable.elementCount
      } else {
        close()
        first = entry
        steps = entrySteps
        count = entry.variable.elementCount
      }
      next = index + 1
    }
    close()
    return runs
  }
}
