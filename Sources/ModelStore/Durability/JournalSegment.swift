/// A journal file that is being written.
final class JournalSegment: Sendable {
  let firstSequence: Int
  /// Tells this file's records from bytes that merely look like one.
  let nonce: UInt32
  let file: DataFile

  /// Begins a file.
  init(firstSequence: Int, in calls: any FileCalls) throws(FileFailure) {
    self.firstSequence = firstSequence
    nonce = .random(in: .min ... .max)
    file = try DataFile(DataFileName.journal(firstSequence: firstSequence).description, .creating, in: calls)
  }

  var header: SegmentHeader { SegmentHeader(firstSequence: firstSequence, nonce: nonce) }
}
