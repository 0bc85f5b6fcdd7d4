/// What one of the records at the end of an archive says of it (APPNOTE.TXT, sections 4.3.14 to 4.3.16).
struct ZipEnd {
  /// Something that they tell.
  enum Field: String {
    case memberCount = "number of members"
    case directoryByteCount = "size of the central directory"
    case directoryOffset = "offset of the central directory"
    case zip64EndOffset = "offset of the ZIP64 end"
    case zip64EndByteCount = "size of the ZIP64 end"
    case disk = "number of this disk"
    case diskCount = "number of disks"
  }

  let record: ZipRecord
  /// What the record tells; where it is told elsewhere, nothing.
  private(set) var fields: [(field: Field, value: UInt64)] = []
  /// The bytes behind the last record's fields.
  private(set) var comment: [UInt8] = []

  /// Reads a whole record of one of the three kinds.
  init(_ record: ZipRecord, parsing bytes: Span<UInt8>) {
    self.record = record
    switch record {
    case .zip64End:
      add(.zip64EndByteCount, bytes.littleEndian(UInt64.self, at: 4))
      for offset in [16, 20] { add(.disk, bytes.littleEndian(UInt32.self, at: offset)) }
      for offset in [24, 32] { add(.memberCount, bytes.littleEndian(UInt64.self, at: offset)) }
      add(.directoryByteCount, bytes.littleEndian(UInt64.self, at: 40))
      add(.directoryOffset, bytes.littleEndian(UInt64.self, at: 48))
    case .zip64Locator:
      add(.disk, bytes.littleEndian(UInt32.self, at: 4))
      add(.zip64EndOffset, bytes.littleEndian(UInt64.self, at: 8))
      add(.diskCount, bytes.littleEndian(UInt32.self, at: 16))
    default:
      for offset in [4, 6] { add(.disk, bytes.littleEndian(UInt16.self, at: offset)) }
      for offset in [8, 10] { addUnlessElsewhere(.memberCount, bytes.littleEndian(UInt16.self, at: offset)) }
      addUnlessElsewhere(.directoryByteCount, bytes.littleEndian(UInt32.self, at: 12))
      addUnlessElsewhere(.directoryOffset, bytes.littleEndian(UInt32.self, at: 16))
      comment = (record.fixedByteCount..<bytes.count).map { bytes[$0] }
    }
  }

  private mutating func add(_ field: Field, _ value: some FixedWidthInteger) {
    fields.append((field, UInt64(value)))
  }

  /// A value of ones alone says that the record of 64 bits has it.
  private mutating func addUnlessElsewhere<T: FixedWidthInteger>(_ field: Field, _ value: T) {
    guard value != T.max else { return }
    add(field, value)
  }
}
