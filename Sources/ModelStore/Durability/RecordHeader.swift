import Tensors

/// What stands in front of a record's fields and data in a journal file.
struct RecordHeader: Equatable {
  static let byteCount = 64
  private static let magic = Array("SWAR".utf8)
  private static let epochByteCount = 16
  /// The kind of a header that stands alone, behind the last record that is on disk, until the next record takes its
  /// place.
  private static let markKind: UInt8 = 0

  let kind: UInt8
  /// Counts changes.
  let sequence: Int
  /// The last change that was known to be on disk when this record was written: a record up to that one which is bad now
  /// was good once.
  let synced: Int
  /// The model's epoch before the change; empty without a model.
  let epoch: String
  let fieldByteCount: Int
  let dataByteCount: Int
  /// That of the file, so that bytes within some record's data are not taken for one.
  let nonce: UInt32

  /// Bytes from the header's beginning to the next record's: header, fields, data, checksum, padding.
  var recordByteCount: Int { Self.recordByteCount(content: fieldByteCount + dataByteCount) }

  /// Bytes of a record with so many bytes of fields and data.
  static func recordByteCount(content: Int) -> Int {
    (byteCount + content + 4 + 7) / 8 * 8
  }

  /// Whether it is no record's, and only tells what is on disk.
  var isMark: Bool { kind == Self.markKind }

  /// The header's bytes, and its checksum, with which the record's begins.
  var encoded: (bytes: [UInt8], checksum: CRC32C) {
    var writer = FieldWriter()
    for byte in Self.magic { writer.append(byte) }
    writer.append(UInt32(kind))
    writer.append(sequence)
    writer.append(synced)
    writer.append(fieldByteCount)
    writer.append(dataByteCount)
    let epoch = Array(self.epoch.utf8.prefix(Self.epochByteCount))
    for index in 0..<Self.epochByteCount { writer.append(index < epoch.count ? epoch[index] : 0) }
    writer.append(nonce)
    let checksum = CRC32C(of: writer.bytes.span)
    writer.append(checksum.value)
    return (writer.bytes, checksum)
  }

  init(
    kind: ChangeRecord.Kind, sequence: Int, synced: Int, epoch: String, fieldByteCount: Int, dataByteCount: Int,
    nonce: UInt32
  ) {
    self.kind = kind.rawValue
    self.sequence = sequence
    self.synced = synced
    self.epoch = epoch
    self.fieldByteCount = fieldByteCount
    self.dataByteCount = dataByteCount
    self.nonce = nonce
  }

  /// A mark that the change of this number is on disk.
  init(markOf synced: Int, nonce: UInt32) {
    kind = Self.markKind
    sequence = synced + 1
    self.synced = synced
    epoch = ""
    fieldByteCount = 0
    dataByteCount = 0
    self.nonce = nonce
  }

  /// Reads a header at the front of `bytes`; nil when there is none, or a damaged one.
  init?(_ bytes: ArraySlice<UInt8>) {
    guard bytes.count >= Self.byteCount, bytes.starts(with: Self.magic) else { return nil }
    let header = Array(bytes.prefix(Self.byteCount))
    var reader = FieldReader(header)
    do throws(RecordError) {
      _ = try reader.integer(UInt32.self)
      kind = UInt8(truncatingIfNeeded: try reader.integer(UInt32.self))
      sequence = try reader.integer()
      synced = try reader.integer()
      fieldByteCount = try reader.integer()
      dataByteCount = try reader.integer()
      var epoch: [UInt8] = []
      for _ in 0..<Self.epochByteCount { epoch.append(try reader.integer(UInt8.self)) }
      self.epoch = String(decoding: epoch.prefix { $0 != 0 }, as: UTF8.self)
      nonce = try reader.integer(UInt32.self)
      let checksum = try reader.integer(UInt32.self)
      guard checksum == CRC32C(of: header.span.extracting(first: Self.byteCount - 4)).value else { return nil }
    } catch {
      return nil
    }
    guard sequence > 0, synced >= 0, synced < sequence, fieldByteCount >= 0, dataByteCount >= 0,
      fieldByteCount < 1 << 48, dataByteCount < 1 << 48
    else { return nil }
  }

  /// The header's checksum, with which the record's begins.
  var checksum: CRC32C { encoded.checksum }
}
