/// Writes what stands around the elements in an npz file: the header of each array, and in the end the central directory.
///
/// Nothing in it depends on time or place, so that the same tensors give the same bytes. ZIP64 is used where 32 bits do not
/// do.
public struct NpzArchive: Sendable {
  private var directory: [UInt8] = []
  private var memberCount = 0
  private var offset = 0

  /// Without arrays yet.
  public init() {}

  /// What comes next in the file, in front of the data of a tensor of a type that NumPy has; the data in row-major order
  /// must follow. `checksum` takes it in, to know its checksum before.
  public mutating func head(
    of tensor: TensorDescription, checksummed checksum: (inout CRC32) -> Void
  ) -> [UInt8] {
    let header = NpyHeader.encode(tensor.dtype, tensor.shape)
    var crc = CRC32(of: header.span)
    checksum(&crc)
    let name = Array((tensor.name + ".npy").utf8)
    let byteCount = header.count + tensor.range.count
    let sizes = [UInt64(byteCount), UInt64(byteCount)]
    let isLarge = byteCount >= Int(ZipRecord.elsewhere)
    let isFar = offset >= Int(ZipRecord.elsewhere)

    var head: [UInt8] = []
    head.append(littleEndian: ZipRecord.localHeader.rawValue)
    let localExtra = Self.zip64Field(isLarge ? sizes : [])
    head += Self.fields(name, crc.value, isLarge ? ZipRecord.elsewhere : UInt32(byteCount), localExtra)
    head += name + localExtra + header

    directory.append(littleEndian: ZipRecord.directoryEntry.rawValue)
    // Made on a system whose file attributes say nothing.
    directory.append(littleEndian: Self.version(isZip64: isLarge || isFar))
    let extra = Self.zip64Field((isLarge ? sizes : []) + (isFar ? [UInt64(offset)] : []))
    directory += Self.fields(name, crc.value, isLarge ? ZipRecord.elsewhere : UInt32(byteCount), extra)
    // No comment, the first disk, no attributes.
    directory += [UInt8](repeating: 0, count: 10)
    directory.append(littleEndian: isFar ? ZipRecord.elsewhere : UInt32(offset))
    directory += name + extra

    memberCount += 1
    offset += head.count + tensor.range.count
    return head
  }

  /// What comes behind all data. The metadata becomes the archive's comment, as a JSON object; readers that do not look for
  /// it pass over it. Where it is longer than a comment may be, its longest members are left out.
  public func end(metadata: [(String, String)] = []) -> [UInt8] {
    var bytes = directory
    let isZip64 =
      memberCount >= Int(UInt16.max) || offset >= Int(ZipRecord.elsewhere)
      || directory.count >= Int(ZipRecord.elsewhere)
    if isZip64 {
      bytes.append(littleEndian: ZipRecord.zip64End.rawValue)
      bytes.append(littleEndian: UInt64(ZipRecord.zip64End.fixedByteCount - 12))
      for _ in 0..<2 { bytes.append(littleEndian: Self.version(isZip64: true)) }
      bytes += [UInt8](repeating: 0, count: 8)
      for value in [memberCount, memberCount, directory.count, offset] { bytes.append(littleEndian: UInt64(value)) }
      bytes.append(littleEndian: ZipRecord.zip64Locator.rawValue)
      bytes.append(littleEndian: UInt32(0))
      bytes.append(littleEndian: UInt64(offset + directory.count))
      bytes.append(littleEndian: UInt32(1))
    }
    let comment = Self.comment(of: metadata)
    bytes.append(littleEndian: ZipRecord.end.rawValue)
    bytes += [UInt8](repeating: 0, count: 4)
    for _ in 0..<2 { bytes.append(littleEndian: UInt16(clamping: memberCount)) }
    bytes.append(littleEndian: UInt32(clamping: directory.count))
    bytes.append(littleEndian: UInt32(clamping: offset))
    bytes.append(littleEndian: UInt16(comment.count))
    return bytes + comment
  }

  private static func version(isZip64: Bool) -> UInt16 { isZip64 ? 45 : 20 }

  /// The fields that both kinds of header have, from the needed version to the length of the extra field.
  private static func fields(_ name: [UInt8], _ checksum: UInt32, _ byteCount: UInt32, _ extra: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: version(isZip64: !extra.isEmpty))
    bytes.append(littleEndian: name.allSatisfy { $0 < 0x80 } ? 0 : ZipEntry.utf8Flag)
    // Stored, at midnight of the first day that the format knows.
    bytes.append(littleEndian: UInt16(0))
    bytes.append(littleEndian: UInt16(0))
    bytes.append(littleEndian: UInt16(1 << 5 | 1))
    bytes.append(littleEndian: checksum)
    for _ in 0..<2 { bytes.append(littleEndian: byteCount) }
    bytes.append(littleEndian: UInt16(name.count))
    bytes.append(littleEndian: UInt16(extra.count))
    return bytes
  }

  /// The extra field that holds values of 64 bits; nothing for none.
  private static func zip64Field(_ values: [UInt64]) -> [UInt8] {
    guard !values.isEmpty else { return [] }
    var bytes: [UInt8] = []
    bytes.append(littleEndian: Zip64Field.identifier)
    bytes.append(littleEndian: UInt16(8 * values.count))
    for value in values { bytes.append(littleEndian: value) }
    return bytes
  }

  private static func comment(of metadata: [(String, String)]) -> [UInt8] {
    guard !metadata.isEmpty else { return [] }
    var metadata = metadata
    while true {
      var comment: [UInt8] = []
      comment.append(jsonObject: metadata)
      guard comment.count > Int(UInt16.max) else { return comment }
      guard let longest = metadata.indices.max(by: { metadata[$0].1.utf8.count < metadata[$1].1.utf8.count }) else {
        return []
      }
      metadata.remove(at: longest)
    }
  }
}
