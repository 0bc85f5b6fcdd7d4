/// Rows of one variable, in the order of their gradient's rows, which follow each other from the start of its region.
public struct RowSelection: Sendable, Equatable {
  /// Neighbouring rows together; ranges may overlap when rows come twice.
  let ranges: [Range<Int>]
  /// Elements of a row.
  let width: Int
  /// Elements of all selected rows.
  @usableFromInline let elementCount: Int

  /// Rows of a variable; each must be within its shape.
  public init(_ rows: [Int], width: Int) {
    var ranges: [Range<Int>] = []
    for row in rows {
      if let last = ranges.last, last.upperBound == row {
        ranges[ranges.count - 1] = last.lowerBound..<row + 1
      } else {
        ranges.append(row..<row + 1)
      }
    }
    self.init(ranges: ranges, width: width)
  }

  private init(ranges: [Range<Int>], width: Int) {
    self.ranges = ranges
    self.width = width
    elementCount = ranges.reduce(0) { $0 + $1.count } * width
  }

  /// All other rows of a variable with this many elements, ascending.
  func complement(elementCount: Int) -> RowSelection {
    let end = width == 0 ? 0 : elementCount / width
    var others: [Range<Int>] = []
    var next = 0
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if range.lowerBound > next { others.append(next..<range.lowerBound) }
      next = max(next, range.upperBound)
    }
    if end > next { others.append(next..<end) }
    return RowSelection(ranges: others, width: width)
  }
}
