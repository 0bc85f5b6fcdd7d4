/// Reads what a `FieldWriter` wrote; what does not fit is an error, never a trap.
struct FieldReader {
  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  mutating func integer<T: FixedWidthInteger>(_: T.Type = Int.self) throws(RecordError) -> T {
    let size = MemoryLayout<T>.size
    guard bytes.count - position >= size else { throw .malformed("its fields end too early") }
    var number: T = 0
    for index in (0..<size).reversed() { number = number << 8 | T(truncatingIfNeeded: bytes[position + index]) }
    position += size
    return number
  }

  mutating func double() throws(RecordError) -> Double {
    Double(bitPattern: try integer(UInt64.self))
  }

  mutating func flag() throws(RecordError) -> Bool {
    try integer(UInt8.self) != 0
  }

  mutating func text() throws(RecordError) -> String {
    let count = try integer(Int.self)
    guard count >= 0, count <= bytes.count - position else { throw .malformed("its fields end too early") }
    defer { position += count }
    return String(decoding: bytes[position..<position + count], as: UTF8.self)
  }

  mutating func list<T>(_ item: (inout FieldReader) throws(RecordError) -> T) throws(RecordError) -> [T] {
    let count = try integer(Int.self)
    // Every item has a byte or more.
    guard count >= 0, count <= bytes.count - position else { throw .malformed("a list is longer than its fields") }
    var list: [T] = []
    for _ in 0..<count { list.append(try item(&self)) }
    return list
  }

  mutating func optional<T>(_ item: (inout FieldReader) throws(RecordError) -> T) throws(RecordError) -> T? {
    try flag() ? try item(&self) : nil
  }

  /// Ascending indices below `count`.
  mutating func ascending(below count: Int) throws(RecordError) -> [Int] {
    var indices: [Int] = []
    var end = 0
    for range in try list({ (reader) throws(RecordError) in (try reader.integer(Int.self), try reader.integer(Int.self))
    }) {
      guard range.0 >= end, range.1 >= range.0, range.1 <= count else { throw .malformed("indices are out of range") }
      indices += range.0..<range.1
      end = range.1
    }
    return indices
  }

  /// Checks that nothing is left but zeros, which bring a record's data to the beginning of a block.
  func end() throws(RecordError) {
    guard bytes[position...].allSatisfy({ $0 == 0 }) else { throw .malformed("it has more fields than were expected") }
  }
}

/// Why the content of a record that is whole can't be applied.
enum RecordError: Error {
  case malformed(String)
  /// A kind that another version of this software writes.
  case unknownKind(UInt8)
  case outOfMemory(byteCount: Int)
  case file(FileFailure)
}

extension RecordError: CustomStringConvertible {
  var description: String {
    switch self {
    case .malformed(let detail): "the record is malformed: \(detail)"
    case .unknownKind(let kind): "the record's kind, \(kind), is unknown; a newer version may have written it"
    case .outOfMemory(let byteCount): "the system has no memory for \(byteCount) bytes"
    case .file(let failure): "\(failure)"
    }
  }
}
