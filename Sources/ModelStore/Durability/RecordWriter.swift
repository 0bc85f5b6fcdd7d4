import Tensors

/// Writes bytes one after the other to a file: small pieces together, big ones from where they lie.
struct RecordWriter {
  static let bufferByteCount = 256 << 10
  /// From here on copying costs more than a call.
  private static let directByteCount = 64 << 10
  /// Bytes of a big piece that are written at a time: the checksum is computed while they are in cache.
  private static let pieceByteCount = 256 << 10
  /// Bytes of big pieces after which the disk is told to begin, while the next are copied: 100 MB are on disk in about
  /// three quarters of the time.
  private static let startByteCount = 4 << 20

  private let file: DataFile
  /// Where the buffer's first byte belongs.
  private var offset: Int
  /// Memory of `bufferByteCount` bytes.
  private(set) var buffer: Region
  private var buffered = 0
  private(set) var checksum = CRC32C()

  init(_ file: DataFile, at offset: Int, buffer: Region) {
    self.file = file
    self.offset = offset
    self.buffer = buffer
  }

  /// Where the next byte belongs.
  var end: Int { offset + buffered }

  /// Goes on in another file.
  mutating func move(to file: DataFile, at offset: Int) throws(FileFailure) {
    try flush()
    self = RecordWriter(file, at: offset, buffer: buffer)
  }

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
    if piece.range.count <= Self.directByteCount {
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
