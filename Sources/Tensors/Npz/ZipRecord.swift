/// The records that an archive is made of (APPNOTE.TXT, section 4.3): what each begins with, and how long it is.
enum ZipRecord: UInt32 {
  /// In front of a member's data.
  case localHeader = 0x0403_4B50
  /// Behind a member's data where the local header could not tell its size and checksum.
  case dataDescriptor = 0x0807_4B50
  /// One member of the central directory.
  case directoryEntry = 0x0201_4B50
  case zip64End = 0x0606_4B50
  case zip64Locator = 0x0706_4B50
  case end = 0x0605_4B50

  /// Bytes of the fields that each record of the kind has; of a descriptor without ZIP64.
  var fixedByteCount: Int {
    switch self {
    case .localHeader: 30
    case .dataDescriptor: 16
    case .directoryEntry: 46
    case .zip64End: 56
    case .zip64Locator: 20
    case .end: 22
    }
  }

  /// Where two bytes tell the length of what follows the fixed fields: name, extra field, comment.
  private var lengthOffsets: [Int] {
    switch self {
    case .localHeader: [26, 28]
    case .directoryEntry: [28, 30, 32]
    case .end: [20]
    case .dataDescriptor, .zip64End, .zip64Locator: []
    }
  }

  /// Bytes of the whole record, of which at least the fixed fields are there.
  func byteCount(in bytes: Span<UInt8>) -> Int {
    lengthOffsets.reduce(fixedByteCount) { $0 + Int(bytes.littleEndian(UInt16.self, at: $1)) }
  }

  /// What a 32-bit field holds whose value stands in the extra field.
  static let elsewhere: UInt32 = .max
}

/// What a local header or an entry of the central directory says of a member.
struct ZipEntry: Sendable {
  /// The name without `.npy`.
  let name: String
  let flags: UInt16
  let method: UInt16
  let checksum: UInt32
  /// Bytes of the member's data as it is stored, and as it was before.
  let storedByteCount: UInt64
  let byteCount: UInt64
  /// Where the member begins; 0 in a local header.
  let offset: UInt64
  /// Whether sizes are of 64 bits.
  let isZip64: Bool

  static let utf8Flag: UInt16 = 1 << 11
  static let descriptorFlag: UInt16 = 1 << 3
  /// Flags that change nothing for what is stored: how hard a compressor tried, a descriptor, a name in UTF-8.
  private static let knownFlags: UInt16 = 1 << 1 | 1 << 2 | descriptorFlag | utf8Flag

  /// Whether size and checksum come behind the data.
  var hasDescriptor: Bool { flags & Self.descriptorFlag != 0 }

  /// Reads a whole local header, or a whole entry of the central directory, which lies at byte `position` of the file.
  init(_ record: ZipRecord, parsing bytes: Span<UInt8>, at position: Int) throws(NpzError) {
    let isLocal = record == .localHeader
    let start = isLocal ? 6 : 8
    flags = bytes.littleEndian(UInt16.self, at: start)
    method = bytes.littleEndian(UInt16.self, at: start + 2)
    checksum = bytes.littleEndian(UInt32.self, at: start + 8)
    let nameRange = record.fixedByteCount..<record.fixedByteCount + Int(bytes.littleEndian(UInt16.self, at: start + 20))
    name = try Self.name(bytes.extracting(nameRange), isUTF8: flags & Self.utf8Flag != 0, at: position)
    let extraEnd = nameRange.upperBound + Int(bytes.littleEndian(UInt16.self, at: start + 22))
    var extra = Zip64Field(in: bytes.extracting(nameRange.upperBound..<extraEnd))
    isZip64 = extra.isPresent
    // In the order of the extra field.
    byteCount = try extra.value(of: bytes.littleEndian(UInt32.self, at: start + 16), for: name)
    storedByteCount = try extra.value(of: bytes.littleEndian(UInt32.self, at: start + 12), for: name)
    offset = isLocal ? 0 : try extra.value(of: bytes.littleEndian(UInt32.self, at: 42), for: name)
  }

  private static func name(_ bytes: Span<UInt8>, isUTF8: Bool, at position: Int) throws(NpzError) -> String {
    var isASCII = true
    for index in bytes.indices where bytes[index] >= 0x80 { isASCII = false }
    guard isASCII || isUTF8, let text = try? UTF8Span(validating: bytes) else {
      throw .nameNotUTF8(offset: position)
    }
    let file = String(copying: text)
    guard let name = file.dropping(suffix: ".npy") else { throw .notArray(file: file) }
    return name
  }

  /// Refuses what is not simply stored.
  func check() throws(NpzError) {
    guard flags & 1 == 0 else { throw .encrypted(member: name) }
    guard method == 0 else { throw .compressed(member: name, method: method) }
    guard flags & ~Self.knownFlags == 0 else { throw .unsupportedFlags(member: name, flags: flags) }
    guard storedByteCount == byteCount else {
      throw .twoSizes(member: name, stored: storedByteCount, original: byteCount)
    }
  }
}

/// The extra field that holds what does not fit into 32 bits (APPNOTE.TXT, section 4.5.3).
struct Zip64Field {
  static let identifier: UInt16 = 1

  /// Its values that were not asked for yet; nil when a record has no such field.
  private var values: ArraySlice<UInt64>?

  /// Looks for it among a record's extra fields.
  init(in extra: Span<UInt8>) {
    var begin = 0
    while begin + 4 <= extra.count {
      let end = min(begin + 4 + Int(extra.littleEndian(UInt16.self, at: begin + 2)), extra.count)
      if extra.littleEndian(UInt16.self, at: begin) == Self.identifier {
        // Two sizes and an offset.
        values =
          stride(from: begin + 4, through: end - 8, by: 8).prefix(3).map {
            extra.littleEndian(UInt64.self, at: $0)
          }[...]
        return
      }
      begin = end
    }
  }

  var isPresent: Bool { values != nil }

  /// A field's value: that of 32 bits, or where it says so the next of this field.
  mutating func value(of field: UInt32, for member: String) throws(NpzError) -> UInt64 {
    guard field == ZipRecord.elsewhere else { return UInt64(field) }
    guard let value = values?.popFirst() else { throw .malformedExtraField(member: member) }
    return value
  }
}
