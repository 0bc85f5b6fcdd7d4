import Tensors

/// What a journal file begins with.
struct SegmentHeader: Equatable {
  static let byteCount = 64
  /// The format that this software writes, and the newest that it reads. Since 2 a record's fields may end with zeros.
  static let formatVersion: UInt32 = 2
  private static let magic = Array("SWA-JRNL".utf8)

  /// The first change in the file.
  let firstSequence: Int
  /// What its records carry as well.
  let nonce: UInt32
  let version: UInt32

  init(firstSequence: Int, nonce: UInt32) {
    self.firstSequence = firstSequence
    self.nonce = nonce
    version = Self.formatVersion
  }

  var encoded: [UInt8] {
    var writer = FieldWriter()
    for byte in Self.magic { writer.append(byte) }
    writer.append(version)
    writer.append(nonce)
    writer.append(firstSequence)
    while writer.bytes.count < Self.byteCount - 4 { writer.append(UInt32(0)) }
    writer.append(CRC32C(of: writer.bytes.span).value)
    return writer.bytes
  }

  /// Reads a header at the front of `bytes`; nil when there is none, or a damaged one.
  init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.byteCount, bytes.starts(with: Self.magic) else { return nil }
    var reader = FieldReader(Array(bytes.dropFirst(Self.magic.count)))
    var trailer = FieldReader(Array(bytes.suffix(4)))
    do throws(RecordError) {
      version = try reader.integer(UInt32.self)
      nonce = try reader.integer(UInt32.self)
      firstSequence = try reader.integer()
      let checksum = try trailer.integer(UInt32.self)
      guard checksum == CRC32C(of: bytes.span.extracting(first: Self.byteCount - 4)).value else { return nil }
    } catch {
      return nil
    }
    guard firstSequence > 0 else { return nil }
  }
}
