/// Writes numbers and text one after the other, little-endian, as `FieldReader` reads them.
struct FieldWriter {
  private(set) var bytes: [UInt8] = []

  mutating func append<T: FixedWidthInteger>(_ number: T) {
    for index in 0..<MemoryLayout<T>.size { bytes.append(UInt8(truncatingIfNeeded: number >> (8 * index))) }
  }

  mutating func append(_ number: Double) {
    append(number.bitPattern)
  }

  mutating func append(_ flag: Bool) {
    append(UInt8(flag ? 1 : 0))
  }

  mutating func append(_ text: String) {
    append(text.utf8.count)
    bytes += text.utf8
  }

  mutating func append<T>(_ list: [T], _ item: (inout FieldWriter, T) -> Void) {
    append(list.count)
    for value in list { item(&self, value) }
  }

  mutating func append<T>(_ value: T?, _ item: (inout FieldWriter, T) -> Void) {
    append(value != nil)
    if let value { item(&self, value) }
  }

  /// Indices that ascend, as ranges: neighbours cost nothing.
  mutating func append(ascending indices: [Int]) {
    var ranges: [Range<Int>] = []
    for index in indices {
      if let last = ranges.last, last.upperBound == index {
        ranges[ranges.count - 1] = last.lowerBound..<index + 1
      } else {
        ranges.append(index..<index + 1)
      }
    }
    append(ranges) { writer, range in
      writer.append(range.lowerBound)
      writer.append(range.upperBound)
    }
  }
}
