import Optimizers
public import Tensors

/// Gradients of some variables of a model, received in full and checked.
public struct Gradient: Sendable {
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

  /// The runs of neighbouring variables of one type that all have a dense gradient.
  func runs(threads: Int) -> [RunExtent] {
    Self.runs(of: dense, in: layout, threads: threads)
  }

  static func runs(of indices: some Sequence<Int>, in layout: Layout, threads: Int) -> [RunExtent] {
    var runs: [RunExtent] = []
    var first: Layout.Entry?
    var count = 0
    var next = 0
    func close() {
      guard let first, count > 0 else { return }
      runs.append(
        RunExtent(
          storageType: first.variable.dtype, elementCount: count, variableOffset: first.offset,
          computeOffset: first.computeOffset, threads: threads))
    }
    for index in indices {
      let entry = layout.entries[index]
      if let first, index == next, entry.variable.dtype == first.variable.dtype {
        count += entry.variable.elementCount
      } else {
        close()
        first = entry
        count = entry.variable.elementCount
      }
      next = index + 1
    }
    close()
    return runs
  }
}

/// A gradient of some rows of one variable.
public struct SparseGradient: Sendable {
  /// The index of the variable's entry.
  public let entry: Int
  /// Rows of axis 0, each within the shape; they may repeat.
  public let rows: [Int]
  /// One row of values for each, in the variable's compute type.
  public let values: Region
}
