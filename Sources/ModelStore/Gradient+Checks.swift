import Optimizers
import Tensors

/// What is checked once all gradients are there.
extension Gradient {
  /// The gradients of a plan whose regions are filled.
  convenience init(
    _ plan: GradientPlan, _ regions: [Region], norm: GradientNorm, acceptsNonFinite: Bool,
    knownRuns: [RunExtent]? = nil
  ) throws(ModelError) {
    try self.init(
      layout: plan.layout, values: regions[0], dense: plan.dense, assigned: plan.assigned,
      sparse: try Self.sparse(plan, regions), norm: norm, acceptsNonFinite: acceptsNonFinite, knownRuns: knownRuns)
  }

  /// Gradients whose norm was found as far as their values were received.
  convenience init(
    layout: Layout, values: Region, dense: [Int], assigned: [Int], sparse: [SparseGradient], norm: GradientNorm,
    acceptsNonFinite: Bool, knownRuns: [RunExtent]? = nil
  ) throws(ModelError) {
    var norm = norm
    let found = norm.finish(
      in: values, rows: sparse.map { (layout.entries[$0.entry].computeType, $0.summed.values) })
    if !acceptsNonFinite {
      if found == nil {
        for index in dense { try Self.checkFinite(layout.entries[index], in: values) }
        for part in sparse { try Self.checkFinite(part, of: layout.entries[part.entry]) }
      }
      for index in assigned { try Self.checkFinite(layout.entries[index], in: values) }
    }
    self.init(
      layout: layout, values: values, dense: dense, assigned: assigned, sparse: sparse, norm: found ?? .nan,
      knownRuns: knownRuns)
  }

  private static func sparse(_ plan: GradientPlan, _ regions: [Region]) throws(ModelError) -> [SparseGradient] {
    var gradients: [SparseGradient] = []
    for (position, (index, part)) in plan.sparse.enumerated() {
      let variable = plan.layout.entries[index].variable
      guard let indices = part.indices else { continue }
      let rows = rows(in: regions[1 + 2 * position], indices)
      let count = variable.shape[0]
      for row in rows where row < 0 || row >= count {
        throw .indexOutOfRange(variable: variable.name, index: row, count: count)
      }
      let received = SparseGradient.RowValues(rows: rows, values: regions[2 + 2 * position])
      gradients.append(try SparseGradient(of: plan.layout.entries[index], at: index, received))
    }
    return gradients
  }

  private static func rows(in region: Region, _ indices: TensorDescription) -> [Int] {
    if indices.dtype == .i32 {
      return region.withElements(of: Int32.self, at: 0, count: indices.elementCount) { values in
        values.indices.map { Int(values[$0]) }
      }
    }
    return region.withElements(of: Int64.self, at: 0, count: indices.elementCount) { values in
      values.indices.map { Int(values[$0]) }
    }
  }

  private static func checkFinite(_ entry: Layout.Entry, in region: Region) throws(ModelError) {
    guard entry.computeType.isFloatingPoint else { return }
    let isFinite = region.withBytes(in: entry.computeRange) { $0.isFinite(as: entry.computeType) }
    guard isFinite else { throw .nonFinite(variable: entry.variable.name) }
  }

  /// Sums are finite only if all that was summed is.
  private static func checkFinite(_ part: SparseGradient, of entry: Layout.Entry) throws(ModelError) {
    guard part.summed.values.withBytes({ $0.isFinite(as: entry.computeType) }) else {
      throw .nonFinite(variable: entry.variable.name)
    }
  }
}

extension Span<UInt8> {
  /// Whether all little-endian floating-point elements are finite: none has all exponent bits set.
  func isFinite(as dtype: DType) -> Bool {
    let (high, low): (UInt8, UInt8) =
      switch dtype {
      case .f64: (0x7F, 0xF0)
      case .f16: (0x7C, 0)
      default: (0x7F, 0x80)
      }
    var index = dtype.byteCount - 1
    while index < count {
      if self[index] & high == high, self[index - 1] & low == low { return false }
      index += dtype.byteCount
    }
    return true
  }
}
