private import FoundationEssentials
private import Glibc
import Optimizers
import Tensors

/// Writes a state as a checkpoint file: whole under its name, or not at all.
struct CheckpointWriter {
  /// Bytes after which the disk must have caught up: what waits for it in the cache would hold up the journal's syncs.
  private static let syncByteCount = 8 << 20
  /// How long pushes have the disk to themselves after each such piece, as a multiple of the time that it took.
  private static let pauseMultiple = 2

  let calls: any FileCalls
  let registry: Registry
  let pool: RegionPool

  /// Writes a checkpoint and answers what it is; slowly for as long as `pauses` says so. Cost: the state's bytes, beside
  /// what goes on.
  func write(_ saved: SavedState, pauses: () -> Bool = { false }) throws(FileFailure) -> Checkpoint {
    let name = DataFileName.checkpoint(sequence: saved.sequence)
    let metadata = CheckpointMetadata(
      of: saved, created: Date.now.ISO8601Format(), registry: registry)
    do throws(FileFailure) {
      let byteCount = try write(saved, metadata, as: name.whileWritten, pauses)
      try calls.rename(name.whileWritten, to: name.description)
      try calls.syncDirectory()
      return Checkpoint(metadata, byteCount: byteCount)
    } catch {
      // Half a file only takes room; the start of the next run removes it too.
      try? calls.remove(name.whileWritten)
      throw error
    }
  }

  /// Writes and syncs the file; answers its length.
  private func write(
    _ saved: SavedState, _ metadata: CheckpointMetadata, as name: String, _ pauses: () -> Bool
  ) throws(FileFailure) -> Int {
    let zeros = String(repeating: "0", count: CheckpointLayout.checksumDigitCount)
    var header = SafetensorsHeader.encode(
      tensors: saved.state.checkpointTensors, metadata: [("crc32c", zeros)] + metadata.members)
    let pieces = saved.state.pieces
    let byteCount = pieces.reduce(header.count) { $0 + $1.range.count }
    let file = try DataFile(replacing: name, in: calls)
    // A disk without room says so before anything is written.
    try file.allocate(0..<byteCount)
    var checksum = CRC32C(of: header.span)
    var writer = RecordWriter(file, at: header.count, buffer: try buffer(for: name))
    writer.beginChecksum(with: checksum)
    var synced = writer.end
    var begin = ContinuousClock.now
    for piece in pieces {
      for part in piece.parts(of: Self.syncByteCount) {
        try writer.write(part)
        guard writer.end - synced >= Self.syncByteCount else { continue }
        try writer.flush()
        try file.sync()
        synced = writer.end
        if pauses() { usleep(UInt32(clamping: Self.pauseMultiple * Int((.now - begin) / .microseconds(1)))) }
        begin = .now
      }
    }
    try writer.flush()
    checksum = writer.checksum
    let digits = String(checksum.value, radix: 16)
    let padded = String(repeating: "0", count: CheckpointLayout.checksumDigitCount - digits.utf8.count) + digits
    for (index, digit) in padded.utf8.enumerated() { header[CheckpointLayout.checksumOffset + index] = digit }
    try file.write(header.span, at: 0)
    try file.sync()
    return byteCount
  }

  private func buffer(for name: String) throws(FileFailure) -> Region {
    do throws(RegionError) {
      return try Region(byteCount: RecordWriter.bufferByteCount, pool: pool)
    } catch {
      throw .noMemory(name)
    }
  }
}

extension ModelState {
  /// The tensors of a checkpoint, in the order of `pieces`.
  var checkpointTensors: [TensorDescription] {
    guard let trained else { return [] }
    return CheckpointLayout.tensors(
      of: trained.layout, slotNames: optimizer.inner.slotNames, hasAverage: trained.average != nil)
  }
}

extension ChangeRecord.Piece {
  /// The piece cut into parts of at most so many bytes.
  fileprivate func parts(of byteCount: Int) -> [ChangeRecord.Piece] {
    stride(from: range.lowerBound, to: range.upperBound, by: byteCount).map { begin in
      ChangeRecord.Piece(region: region, range: begin..<min(begin + byteCount, range.upperBound))
    }
  }
}
