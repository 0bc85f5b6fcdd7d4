/// A journal file that is being written.
final class JournalSegment: Sendable {
  let firstSequence: Int
  /// Tells this file's records from bytes that merely look like one.
  let nonce: UInt32
  let file: DataFile
  /// The same file for whole blocks of large records: memory for the cache, which nobody reads, takes longer to get than
  /// the disk takes to write. nil where the file system has no such way.
  let uncached: DataFile?

  /// Begins a file.
  init(firstSequence: Int, in calls: any FileCalls) throws(FileFailure) {
    self.firstSequence = firstSequence
    nonce = .random(in: .min ... .max)
    let name = DataFileName.journal(firstSequence: firstSequence).description
    file = try DataFile(name, .creating, in: calls)
    uncached = try? DataFile(name, .uncached, in: calls)
  }

  var header: SegmentHeader { SegmentHeader(firstSequence: firstSequence, nonce: nonce) }
}
