import Foundation
import Tensors
import Testing

@testable import ModelStore

/// Large records on a real disk, around the system's cache.
struct UncachedWritesTests {
  @Test(arguments: [0, 8, 4096])
  func whatIsWrittenAroundTheCacheIsRead(behindBlock: Int) throws {
    let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let segment = try JournalSegment(firstSequence: 1, in: SystemFiles(creating: path))
    let (pool, sizes) = (RegionPool(), Journal.Sizes())
    let byteCount = 5 << 20 | 100
    var region = try Region(byteCount: byteCount, pool: pool)
    region.withMutableBytes(in: 0..<byteCount) { (bytes: inout MutableSpan<UInt8>) in
      for index in 0..<byteCount { bytes[index] = UInt8(truncatingIfNeeded: index ^ index >> 8) }
    }
    if let uncached = segment.uncached {
      // Memory that begins at no block would be refused.
      try region.withBytes(in: 0..<sizes.blockByteCount) { try uncached.write($0, at: 0) }
    }
    let offset = sizes.blockByteCount + behindBlock
    var writer = RecordWriter(
      segment.file, segment.uncached, sizes, at: offset,
      buffer: try Region(byteCount: RecordWriter.bufferByteCount, pool: pool))
    writer.beginChecksum()
    try writer.write(ChangeRecord.Piece(region: region, range: 0..<byteCount))
    try writer.flush()
    #expect(writer.end == offset + byteCount)
    #expect(writer.checksum == region.withBytes { CRC32C(of: $0) })
    let found = try segment.file.bytes(byteCount + 1, at: offset)
    #expect(region.withBytes { bytes in bytes.indices.map { bytes[$0] } } == found)
  }
}
