import Optimizers
import Tensors

/// What a rule is given of a gradient: runs, each with the region that holds its gradient, clipped by the inner
/// optimizer's settings and then by the wrapper's.
///
/// Dense gradients are clipped while the rule reads them. Cost: one pass over the gradient for each norm that is not
/// known already, and a copy of sparse values that are clipped.
struct GradientRuns {
  /// A run and its gradient.
  struct GradientRun {
    let extent: RunExtent
    let gradient: Region
    /// Room for the whole variable in float32, when it is of halves and rows come several times, so that it is rounded
    /// once all the same.
    var wide: Region?
  }

  private(set) var runs: [GradientRun] = []

  private let gradient: Gradient
  private let threads: Int
  /// What clipping does to each dense gradient.
  private var clips: [[ClipStep]]?
  /// Sparse gradients, clipped so far.
  private var sparse: [SparseGradient]
  /// Whether all gradients are as they came, so that their norm is known.
  private var isUnclipped = true

  init(
    _ gradient: Gradient, for rule: any Rule, clippedBy clippings: [Clipping], threads: Int
  ) throws(ModelError) {
    self.gradient = gradient
    self.threads = threads
    sparse = gradient.sparse
    for clipping in clippings where !clipping.isNone { try clip(by: clipping) }
    for part in sparse {
      let rows = rule.sumsDuplicateRows ? part.summed : part.received
      var run = GradientRun(extent: extent(of: part.entry, rows.rows), gradient: rows.values)
      if rows.rows.count > part.summed.rows.count { run.wide = try wide(run.extent) }
      runs.append(run)
    }
    for var extent in denseRuns {
      extent.threads = threads
      runs.append(GradientRun(extent: extent, gradient: gradient.values))
    }
  }

  private var layout: Layout { gradient.layout }

  /// For one thread each.
  private var denseRuns: [RunExtent] {
    if clips == nil, let runs = gradient.knownRuns { return runs }
    return Gradient.runs(of: gradient.dense, in: layout, threads: 1, clips: clips)
  }

  private func extent(of index: Int, _ rows: [Int]? = nil) -> RunExtent {
    let entry = layout.entries[index]
    var extent = RunExtent(
      storageType: entry.variable.dtype, elementCount: entry.variable.elementCount, variableOffset: entry.offset,
      computeOffset: entry.computeOffset, threads: threads)
    extent.rows = rows.map { RowSelection($0, width: entry.rowElementCount) }
    return extent
  }

  private func wide(_ extent: RunExtent) throws(ModelError) -> Region? {
    guard extent.storageType.computeType != extent.storageType else { return nil }
    let byteCount = extent.elementCount * extent.storageType.computeType.byteCount
    do {
      return try Region(byteCount: byteCount, pool: gradient.values.pool)
    } catch {
      throw .outOfMemory(byteCount: byteCount)
    }
  }

  private mutating func clip(by clipping: Clipping) throws(ModelError) {
    if let limit = clipping.value { try append { _, _ in .clamp(limit) } }
    if let limit = clipping.norm {
      try append { extent, region in
        .byNorm(limit, norm: extent.sumOfSquares(of: region).squareRoot(), type: extent.storageType)
      }
    }
    if let limit = clipping.globalNorm {
      let norm = globalNorm
      try append { extent, _ in .byGlobalNorm(limit, norm: norm, type: extent.storageType) }
    }
  }

  /// The norm of all gradients, of sparse ones as they came.
  private var globalNorm: Double {
    if isUnclipped, sparse.isEmpty { return gradient.norm }
    var sum = 0.0
    for run in denseRuns { sum += run.sumOfSquares(of: gradient.values) }
    for part in sparse { sum += extent(of: part.entry, part.received.rows).sumOfSquares(of: part.received.values) }
    return sum.squareRoot()
  }

  /// Adds one step for each variable's gradient, and sums a sparse gradient's rows anew.
  private mutating func append(_ step: (RunExtent, Region) -> ClipStep) throws(ModelError) {
    var clips = self.clips ?? Array(repeating: [], count: gradient.dense.count)
    for (position, index) in gradient.dense.enumerated() {
      var extent = extent(of: index)
      extent.clips = clips[position]
      clips[position].append(step(extent, gradient.values))
    }
    self.clips = clips
    for (position, part) in sparse.enumerated() {
      let entry = layout.entries[part.entry]
      var values = part.received.values
      step(extent(of: part.entry, part.received.rows), values).apply(to: &values, of: entry.computeType)
      sparse[position] = try SparseGradient(
        of: entry, at: part.entry, SparseGradient.RowValues(rows: part.received.rows, values: values))
    }
    isUnclipped = false
  }
}
