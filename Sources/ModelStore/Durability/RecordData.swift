import Tensors

/// The data of a record or a checkpoint, read from front to back into the memory where it belongs; the checksum is
/// computed on the way.
struct RecordData {
  /// Bytes that are read at a time: they are still in cache when the checksum is.
  private static let pieceByteCount = 256 << 10

  private let file: DataFile
  private(set) var offset: Int
  private let endOffset: Int
  private(set) var checksum: CRC32C

  init(_ file: DataFile, in range: Range<Int>, after checksum: CRC32C) {
    self.file = file
    offset = range.lowerBound
    endOffset = range.upperBound
    self.checksum = checksum
  }

  /// Fills a range of a region with the next bytes.
  mutating func fill(_ range: Range<Int>, of region: inout Region) throws(RecordError) {
    guard range.count <= endOffset - offset else { throw .malformed("its data ends too early") }
    var begin = range.lowerBound
    while begin < range.upperBound {
      let piece = begin..<min(begin + Self.pieceByteCount, range.upperBound)
      try region.withMutableBytes(in: piece) { (bytes: inout MutableSpan<UInt8>) throws(RecordError) in
        try read(into: &bytes)
      }
      begin = piece.upperBound
    }
  }

  /// The next bytes as a region.
  mutating func region(byteCount: Int, pool: RegionPool) throws(RecordError) -> Region {
    // Checked first, so that no memory is taken for what is not there.
    guard byteCount <= endOffset - offset else { throw .malformed("its data ends too early") }
    var region = try Self.region(byteCount, pool)
    try fill(0..<byteCount, of: &region)
    return region
  }

  /// A region of which the next bytes fill the compute places of these entries; unspecified elsewhere.
  mutating func region(
    byteCount: Int, of entries: some Collection<Int>, in layout: Layout, pool: RegionPool
  ) throws(RecordError) -> Region {
    var region = try Self.region(byteCount, pool)
    for range in layout.computeRanges(of: entries) { try fill(range, of: &region) }
    return region
  }

  /// The next bytes.
  mutating func bytes(_ count: Int) throws(RecordError) -> [UInt8] {
    guard count <= endOffset - offset else { throw .malformed("it ends too early") }
    var bytes = [UInt8](repeating: 0, count: count)
    var span = bytes.mutableSpan
    try read(into: &span)
    return bytes
  }

  /// The checksum that stands behind the data.
  func storedChecksum() throws(RecordError) -> UInt32 {
    var trailer = RecordData(file, in: endOffset..<endOffset + 4, after: CRC32C())
    var fields = FieldReader(try trailer.bytes(4))
    return try fields.integer(UInt32.self)
  }

  /// Takes the rest into the checksum alone.
  mutating func skip() throws(RecordError) {
    while offset < endOffset { _ = try bytes(min(Self.pieceByteCount, endOffset - offset)) }
  }

  private mutating func read(into bytes: inout MutableSpan<UInt8>) throws(RecordError) {
    do throws(FileFailure) {
      let count = try file.read(at: offset, into: &bytes)
      guard count == bytes.count else { throw FileFailure.nothingDone("read", file.name) }
    } catch {
      throw .file(error)
    }
    checksum.update(bytes.span)
    offset += bytes.count
  }

  /// Checks that nothing is left.
  func end() throws(RecordError) {
    guard offset == endOffset else { throw .malformed("it has more data than was expected") }
  }

  private static func region(_ byteCount: Int, _ pool: RegionPool) throws(RecordError) -> Region {
    do throws(RegionError) {
      return try Region(byteCount: byteCount, pool: pool)
    } catch {
      throw .outOfMemory(byteCount: byteCount)
    }
  }
}

extension Layout {
  /// The bytes of some entries, ascending, in their compute places; neighbours are one range.
  func computeRanges(of indices: some Collection<Int>) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    for index in indices {
      let range = entries[index].computeRange
      if let last = ranges.last, last.upperBound == range.lowerBound {
        ranges[ranges.count - 1] = last.lowerBound..<range.upperBound
      } else {
        ranges.append(range)
      }
    }
    return ranges.filter { !$0.isEmpty }
  }
}
