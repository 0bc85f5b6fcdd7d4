public import Tensors

/// A gradient of some rows of one variable.
public struct SparseGradient: Sendable {
  /// The index of the variable's entry.
  public let entry: Int
  /// Rows of axis 0 as they came, each within the shape, with their values.
  public let received: RowValues
  /// Each row once, in order of first appearance, with the sum of its values.
  public let summed: RowValues

  /// Rows of values in the variable's compute type.
  public struct RowValues: Sendable {
    /// Rows of axis 0.
    public let rows: [Int]
    /// One row of values for each.
    public let values: Region
  }

  /// Sums rows that came twice. Cost: a look-up for each row, and a copy of the values when there are such rows.
  init(of entry: Layout.Entry, at index: Int, _ received: RowValues) throws(ModelError) {
    self.entry = index
    self.received = received
    let (rows, positions) = Self.distinct(received.rows)
    guard rows.count < received.rows.count else {
      summed = received
      return
    }
    let width = entry.rowElementCount
    do {
      var values = try Region(byteCount: rows.count * width * entry.computeType.byteCount, pool: received.values.pool)
      if entry.computeType == .f64 {
        Self.sum(Double.self, received.values, into: &values, positions, width)
      } else {
        Self.sum(Float.self, received.values, into: &values, positions, width)
      }
      summed = RowValues(rows: rows, values: values)
    } catch {
      throw .outOfMemory(byteCount: rows.count * width * entry.computeType.byteCount)
    }
  }

  private static func sum<T: BinaryFloatingPoint & BitwiseCopyable>(
    _: T.Type, _ received: Region, into sums: inout Region, _ positions: [Int], _ width: Int
  ) {
    var seen = 0
    sums.withMutableElements(of: T.self, at: 0, count: sums.byteCount / MemoryLayout<T>.size) { target in
      received.withElements(of: T.self, at: 0, count: positions.count * width) { source in
        for (row, position) in positions.enumerated() {
          let from = row * width
          let to = position * width
          if position == seen {
            for column in 0..<width { target[to + column] = source[from + column] }
            seen += 1
          } else {
            for column in 0..<width { target[to + column] += source[from + column] }
          }
        }
      }
    }
  }

  /// The distinct rows in order of first appearance, and where each given row is among them.
  private static func distinct(_ rows: [Int]) -> (rows: [Int], positions: [Int]) {
    if zip(rows, rows.dropFirst()).allSatisfy({ $0 < $1 }) { return (rows, []) }
    // A table twice the size or more, filled with positions in `distinct`, tried one after the other from a row's hash on.
    var capacity = 16
    while capacity < 2 * rows.count { capacity *= 2 }
    var table = [Int](repeating: -1, count: capacity)
    var distinct: [Int] = []
    var positions: [Int] = []
    positions.reserveCapacity(rows.count)
    for row in rows {
      var slot = Int(truncatingIfNeeded: UInt(bitPattern: row) &* 0x9E37_79B9_7F4A_7C15 >> 17) & (capacity - 1)
      while table[slot] >= 0, distinct[table[slot]] != row { slot = (slot + 1) & (capacity - 1) }
      if table[slot] < 0 {
        table[slot] = distinct.count
        distinct.append(row)
      }
      positions.append(table[slot])
    }
    return (distinct, positions)
  }
}

extension Layout.Entry {
  /// Elements of one row of axis 0.
  var rowElementCount: Int { variable.shape.dropFirst().reduce(1, *) }
}
