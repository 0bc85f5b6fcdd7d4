private import Dispatch
private import Locks
import Tensors

/// Writes bytes one after the other to a file: small pieces together, big ones from where they lie.
struct RecordWriter {
  static let bufferByteCount = 256 << 10
  /// From here on copying costs more than a call.
  private static let copiedByteCount = 64 << 10
  /// Bytes of a big piece that are written at a time: the checksum is computed while they are in cache.
  private static let pieceByteCount = 256 << 10
  /// Bytes of big pieces after which the disk is told to begin, while the next are copied: 100 MB are on disk in about
  /// three quarters of the time.
  private static let startByteCount = 4 << 20
  /// Bytes that are written around the cache at a time: with fewer the disk waits for each next call.
  private static let uncachedPieceByteCount = 4 << 20

  private let file: DataFile
  /// The same file, for whole blocks around the system's cache.
  private var uncached: DataFile?
  private let sizes: Journal.Sizes
  /// Where the buffer's first byte belongs.
  private var offset: Int
  /// Memory of `bufferByteCount` bytes.
  private(set) var buffer: Region
  private var buffered = 0
  private(set) var checksum = CRC32C()

  init(
    _ file: DataFile, _ uncached: DataFile? = nil, _ sizes: Journal.Sizes = Journal.Sizes(), at offset: Int,
    buffer: Region
  ) {
    self.file = file
    self.uncached = uncached
    self.sizes = sizes
    self.offset = offset
    self.buffer = buffer
  }

  /// Where the next byte belongs.
  var end: Int { offset + buffered }

  /// Goes on elsewhere in the file.
  mutating func move(to offset: Int) throws(FileFailure) {
    guard offset != end else { return }
    try flush()
    self.offset = offset
  }

  /// Begins a checksum, or goes on with one.
  mutating func beginChecksum(with checksum: CRC32C = CRC32C()) {
    self.checksum = checksum
  }

  mutating func write(_ bytes: [UInt8]) throws(FileFailure) {
    checksum.update(bytes.span)
    var done = 0
    while done < bytes.count {
      if buffered == Self.bufferByteCount { try flush() }
      let count = min(bytes.count - done, Self.bufferByteCount - buffered)
      let source = bytes.span.extracting(done..<done + count)
      buffer.withMutableBytes(in: buffered..<buffered + count) { (target: inout MutableSpan<UInt8>) in
        for index in 0..<count { target[index] = source[index] }
      }
      buffered += count
      done += count
    }
  }

  mutating func write(_ piece: ChangeRecord.Piece) throws(FileFailure) {
    if let uncached, piece.range.count >= sizes.uncachedByteCount {
      return try writeUncached(piece, to: uncached)
    }
    try writeCached(piece)
  }

  /// Whole blocks around the cache, the rest behind them as usual. The checksum is computed while the disk works.
  private mutating func writeUncached(_ piece: ChangeRecord.Piece, to file: DataFile) throws(FileFailure) {
    try flush()
    let isAligned = piece.range.lowerBound % sizes.blockByteCount == 0 && offset % sizes.blockByteCount == 0
    let end = piece.range.upperBound - piece.range.count % sizes.blockByteCount
    guard isAligned else { return try writeCached(piece) }
    let (blocks, place) = (piece.range.lowerBound..<end, offset)
    let failure = Lock<FileFailure?>(nil)
    let checksum = Lock(checksum)
    DispatchQueue.concurrentPerform(iterations: 2) { part in
      if part == 0 {
        failure.withLock { $0 = Self.failure(writing: piece.region, blocks, to: file, at: place) }
      } else {
        checksum.withLock { checksum in piece.region.withBytes(in: blocks) { checksum.update($0) } }
      }
    }
    if let failure = failure.withLock({ $0 }) {
      guard failure.isUnsupported else { throw failure }
      uncached = nil
      return try writeCached(piece)
    }
    self.checksum = checksum.withLock { $0 }
    offset += blocks.count
    try writeCached(ChangeRecord.Piece(region: piece.region, range: end..<piece.range.upperBound))
  }

  private static func failure(
    writing region: Region, _ range: Range<Int>, to file: DataFile, at place: Int
  ) -> FileFailure? {
    do throws(FileFailure) {
      for begin in stride(from: range.lowerBound, to: range.upperBound, by: uncachedPieceByteCount) {
        let part = begin..<min(begin + uncachedPieceByteCount, range.upperBound)
        try region.withBytes(in: part) { (bytes) throws(FileFailure) in
          try file.write(bytes, at: place + begin - range.lowerBound)
        }
      }
      return nil
    } catch {
      return error
    }
  }

  private mutating func writeCached(_ piece: ChangeRecord.Piece) throws(FileFailure) {
    if piece.range.count <= Self.copiedByteCount {
      if buffered + piece.range.count > Self.bufferByteCount { try flush() }
      piece.region.withBytes(in: piece.range) { checksum.update($0) }
      buffer.copyBytes(from: piece.region, in: piece.range, to: buffered)
      buffered += piece.range.count
      return
    }
    try flush()
    var started = offset
    var begin = piece.range.lowerBound
    while begin < piece.range.upperBound {
      let range = begin..<min(begin + Self.pieceByteCount, piece.range.upperBound)
      var checksum = checksum
      try piece.region.withBytes(in: range) { (bytes) throws(FileFailure) in
        checksum.update(bytes)
        try file.write(bytes, at: offset)
      }
      self.checksum = checksum
      offset += range.count
      begin = range.upperBound
      if offset - started >= Self.startByteCount {
        file.startWriting(started..<offset)
        started = offset
      }
    }
  }

  /// Hands the buffer to the system.
  mutating func flush() throws(FileFailure) {
    guard buffered > 0 else { return }
    try buffer.withBytes(in: 0..<buffered) { (bytes) throws(FileFailure) in try file.write(bytes, at: offset) }
    offset += buffered
    buffered = 0
  }
}
