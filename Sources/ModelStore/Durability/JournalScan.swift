import Tensors

/// Looks into one journal file.
struct JournalScan {
  /// Records begin at multiples of it.
  private static let alignment = 8
  private static let windowByteCount = 1 << 20

  let file: DataFile
  private let byteCount: Int

  init(_ name: String, in calls: any FileCalls) throws(RecoveryError) {
    (file, byteCount) = try Self.open(name, calls)
  }

  private static func open(_ name: String, _ calls: any FileCalls) throws(RecoveryError) -> (DataFile, Int) {
    do throws(FileFailure) {
      let file = try DataFile(name, .reading, in: calls)
      return (file, try file.byteCount())
    } catch {
      throw .file(error)
    }
  }

  /// The file's own header; nil when it is damaged or not there.
  func header() throws(RecoveryError) -> SegmentHeader? {
    SegmentHeader(try bytes(SegmentHeader.byteCount, at: 0))
  }

  /// The header of the record at an offset; nil when there is none that is whole.
  func record(at offset: Int, nonce: UInt32) throws(RecoveryError) -> RecordHeader? {
    guard let header = RecordHeader(try bytes(RecordHeader.byteCount, at: offset)[...]), header.nonce == nonce,
      !header.isMark, header.recordByteCount <= byteCount - offset
    else { return nil }
    return header
  }

  /// Whether there is a record header from an offset on, its record whole or not, that fits. Cost: a pass over the rest.
  func first(from offset: Int, where fits: (RecordHeader) -> Bool) throws(RecoveryError) -> Bool {
    for begin in stride(from: offset, to: byteCount, by: Self.windowByteCount) {
      let window = try bytes(Self.windowByteCount + RecordHeader.byteCount, at: begin)
      for position in stride(from: 0, to: min(window.count, Self.windowByteCount), by: Self.alignment) {
        if window[position] == 0 { continue }
        if let header = RecordHeader(window[position...]), fits(header) { return true }
      }
    }
    return false
  }

  /// Whether nothing but a mark and zeros, which is room for records, follows. Cost: a pass over the rest.
  func isBlank(from offset: Int) throws(RecoveryError) -> Bool {
    let isMarked = RecordHeader(try bytes(RecordHeader.byteCount, at: offset)[...])?.isMark ?? false
    let rest = isMarked ? offset + RecordHeader.byteCount : offset
    for begin in stride(from: rest, to: byteCount, by: Self.windowByteCount) {
      let window = try bytes(Self.windowByteCount, at: begin)
      for byte in window where byte != 0 { return false }
    }
    return true
  }

  /// So many bytes, or as many as there are.
  private func bytes(_ count: Int, at offset: Int) throws(RecoveryError) -> [UInt8] {
    do throws(FileFailure) {
      return try file.bytes(max(0, min(count, byteCount - offset)), at: offset)
    } catch {
      throw .file(error)
    }
  }
}
