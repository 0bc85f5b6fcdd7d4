import Optimizers
import Tensors

/// Makes one gradient of those of a round, in their order.
///
/// A gradient that a contribution leaves out counts as zero; rows are scattered where somebody else has a gradient of the
/// whole variable, and put one behind the other where nobody has. Cost: one pass over all contributions, in the memory
/// of the first.
struct GradientCombination {
  /// How gradients become one.
  struct Method {
    /// What each counts; with a sum all count 1.
    let weights: [Double]
    /// Whether the sum is divided by what counts.
    let isMean: Bool
    /// Whether they are new values of the variables, of which one that is left out counts nothing.
    let takesValues: Bool
  }

  private let layout: Layout
  private let method: Method
  private let threads: Int
  /// Each contribution's gradients of whole variables and new values of others.
  private var regions: [Region]
  private let dense: [[Int]]
  private let assigned: [[Int]]
  private let sparse: [[SparseGradient]]
  /// The variables that somebody has a whole gradient of.
  private let whole: [Int]

  /// Takes gradients for one layout, at least one. They are combined in place when nobody else holds them.
  init(of gradients: consuming [Gradient], by method: Method, threads: Int) {
    layout = gradients[0].layout
    self.method = method
    self.threads = threads
    regions = gradients.map(\.values)
    dense = gradients.map(\.dense)
    assigned = gradients.map(\.assigned)
    sparse = gradients.map(\.sparse)
    whole = Self.union(dense)
  }

  /// The gradient that they make; throws when it is not finite, unless that is accepted.
  mutating func combined(acceptsNonFinite: Bool) throws(ModelError) -> Gradient {
    let assigned = Self.union(self.assigned)
    var norm = GradientNorm(of: whole, in: layout)
    do throws(RegionError) {
      if !whole.isEmpty || !assigned.isEmpty { try makeRoom() }
      try combineWhole(&norm)
      for index in assigned { try combineAssigned(index) }
    } catch {
      throw ModelError(error)
    }
    return try Gradient(
      layout: layout, values: regions[0], dense: whole, assigned: assigned, sparse: try combinedRows(), norm: norm,
      acceptsNonFinite: acceptsNonFinite)
  }

  /// Gives memory to contributions that have rows alone.
  private mutating func makeRoom() throws(RegionError) {
    for index in regions.indices where regions[index].byteCount < layout.computeByteCount {
      guard index == 0 || !whole.isEmpty else { continue }
      regions[index] = try Region(byteCount: layout.computeByteCount, pool: regions[index].pool)
    }
  }

  /// Combines the variables that somebody has a whole gradient of.
  private mutating func combineWhole(_ norm: inout GradientNorm) throws(RegionError) {
    guard !whole.isEmpty else { return }
    if method.takesValues, method.isMean, dense.contains(where: { $0 != whole }) {
      fill(0)
      for index in whole {
        let those = dense.indices.filter { dense[$0].contains(index) }
        _ = try add(those.filter { $0 != 0 }, divisor(of: those), extent(of: layout.entries[index]))
      }
      regions[0].endUpdate()
    } else {
      for index in regions.indices { fill(index) }
      var sums: [Double] = []
      for extent in norm.extents(threads: threads) {
        sums += try add(Array(regions.indices.dropFirst()), divisor(of: Array(regions.indices)), extent)
      }
      norm.take(sums)
      regions[0].endUpdate()
    }
  }

  /// Gives a contribution zeros for what it leaves out, and its rows in them.
  private mutating func fill(_ index: Int) {
    guard dense[index] != whole else { return }
    for missing in Set(whole).subtracting(dense[index]).sorted() {
      let entry = layout.entries[missing]
      regions[index].withMutableBytes(in: entry.computeRange) { $0.fill(with: 0) }
      guard let rows = sparse[index].first(where: { $0.entry == missing })?.summed else { continue }
      let width = entry.rowElementCount * entry.computeType.byteCount
      for (position, row) in rows.rows.enumerated() {
        let from = position * width..<(position + 1) * width
        regions[index].copyBytes(from: rows.values, in: from, to: entry.computeOffset + row * width)
      }
    }
  }

  /// Adds the contributions with these indices to the first, and returns sums of squares of what comes out.
  private mutating func add(_ others: [Int], _ divisor: Double?, _ extent: RunExtent) throws(RegionError) -> [Double] {
    let weights = ([0] + others).map { method.weights[$0] }
    let sum = WeightedSum(weights: weights, divisor: divisor)
    return try sum.add(others.map { regions[$0] }, to: &regions[0], extent)
  }

  /// What those contributions count together, in a mean.
  private func divisor(of indices: [Int]) -> Double? {
    method.isMean ? indices.reduce(0) { $0 + method.weights[$1] } : nil
  }

  private func extent(of entry: Layout.Entry) -> RunExtent {
    RunExtent(
      storageType: entry.computeType, elementCount: entry.variable.elementCount, variableOffset: 0,
      computeOffset: entry.computeOffset, threads: threads)
  }

  private static func union(_ lists: [[Int]]) -> [Int] {
    guard lists.contains(where: { $0 != lists[0] }) else { return lists[0] }
    return Set(lists.joined()).sorted()
  }
}

/// What is not a gradient of a whole variable.
extension GradientCombination {
  /// A non-trainable variable takes the mean of those that came, one of integers the last.
  private mutating func combineAssigned(_ index: Int) throws(RegionError) {
    let entry = layout.entries[index]
    let those = assigned.indices.filter { assigned[$0].contains(index) }
    guard entry.computeType.isFloatingPoint else {
      guard let last = those.last, last != 0 else { return }
      return regions[0].copyBytes(from: regions[last], in: entry.computeRange, to: entry.computeOffset)
    }
    let type = entry.computeType.computeType
    let count = entry.variable.elementCount
    var values: [Region] = []
    for contribution in those {
      var wide = try Region(byteCount: count * type.byteCount, pool: regions[0].pool)
      wide.convertElements(
        from: regions[contribution], entry.computeType, at: entry.computeOffset, count: count, to: type, at: 0)
      values.append(wide)
    }
    let weights = those.map { method.weights[$0] }
    var mean = values.removeFirst()
    let extent = RunExtent(
      storageType: type, elementCount: count, variableOffset: 0, computeOffset: 0, threads: threads)
    _ = try WeightedSum(weights: weights, divisor: weights.reduce(0, +)).add(values, to: &mean, extent)
    mean.endUpdate()
    if type == entry.computeType {
      regions[0].copyBytes(from: mean, in: 0..<mean.byteCount, to: entry.computeOffset)
    } else {
      regions[0].convertElements(
        from: mean, type, at: 0, count: count, to: entry.computeType, at: entry.computeOffset)
    }
  }

  /// The rows of variables that nobody has a whole gradient of.
  private func combinedRows() throws(ModelError) -> [SparseGradient] {
    var combined: [SparseGradient] = []
    for index in Set(sparse.joined().map(\.entry)).subtracting(whole).sorted() {
      let entry = layout.entries[index]
      let parts = sparse.indices.compactMap { contribution in
        sparse[contribution].first { $0.entry == index }.map { (contribution, $0.received) }
      }
      combined.append(try SparseGradient(of: entry, at: index, try concatenated(parts, of: entry)))
    }
    return combined
  }

  private func concatenated(
    _ parts: [(contribution: Int, rows: SparseGradient.RowValues)], of entry: Layout.Entry
  ) throws(ModelError) -> SparseGradient.RowValues {
    let rows = parts.flatMap(\.rows.rows)
    let width = entry.rowElementCount
    let size = entry.computeType.byteCount
    do throws(RegionError) {
      var values = try Region(byteCount: rows.count * width * size, pool: regions[0].pool)
      var offset = 0
      for (contribution, part) in parts {
        let count = part.rows.count * width
        values.copyBytes(from: part.values, in: 0..<count * size, to: offset)
        let extent = RunExtent(
          storageType: entry.computeType, elementCount: count, variableOffset: 0, computeOffset: offset,
          threads: threads)
        let scale = WeightedSum(weights: [method.weights[contribution]], divisor: divisor(of: Array(regions.indices)))
        _ = try scale.add([], to: &values, extent)
        values.endUpdate()
        offset += count * size
      }
      return SparseGradient.RowValues(rows: rows, values: values)
    } catch {
      throw ModelError(error)
    }
  }
}
