private import Dispatch
private import Locks
import Tensors

/// Keeps changes on disk, in order. Many changes share one sync: what comes while one is under way waits for the next.
final class Journal: Sendable {
  /// How files grow.
  struct Sizes: Sendable {
    /// A file takes no more records from this length on.
    var segmentByteCount = 64 << 20
    /// Room that is taken at a time, for many small records: a sync that extends the file takes half as long again.
    var allocationByteCount = 4 << 20
    /// From this length on a record's data goes around the system's cache. The memory of regions of this size begins at
    /// a block.
    var uncachedByteCount = RegionPool.mappingThreshold
    /// What such data is aligned to, in memory and in the file.
    var blockByteCount = 4096
  }

  /// Room for one record.
  struct Place: Sendable {
    fileprivate let segment: JournalSegment
    fileprivate let offset: Int
    /// Zeros between the fields and the data.
    fileprivate let padding: Int
    /// Where the next record goes.
    fileprivate let end: Int
  }

  private struct Entry: Sendable {
    let record: ChangeRecord
    let sequence: Int
    let epoch: String
    let place: Place
  }

  private struct State {
    var segment: JournalSegment?
    /// Where the next record goes.
    var end = 0
    /// How far the file has room.
    var allocated = 0
    var queue: [Entry] = []
    var isWriting = false
    var failure: ModelError?
    /// The first changes of all files, ascending.
    var firstSequences: [Int]
    var appendedByteCount: Int
  }

  /// Where the records that are on disk end.
  private struct Tail {
    let segment: JournalSegment
    let end: Int
    let sequence: Int
  }

  /// How far the changes are on disk.
  let watermark: Watermark
  private let calls: any FileCalls
  private let sizes: Sizes
  /// What small records are gathered in; only the writing thread takes it.
  private let buffer: Lock<Region>
  private let notify: @Sendable (DurabilityNotice) -> Void
  /// Only the writing thread takes it.
  private let tail = Lock<Tail?>(nil)
  private let state: Lock<State>
  private let queue = DispatchQueue(label: "journal", qos: .userInitiated)

  /// Goes on after `sequence`; `firstSequences` are of the files that are there, `replayedByteCount` the bytes of their
  /// records after the checkpoint.
  init(
    after sequence: Int, firstSequences: [Int], replayedByteCount: Int, sizes: Sizes, in calls: any FileCalls,
    pool: RegionPool,
    notify: @escaping @Sendable (DurabilityNotice) -> Void
  ) throws(RegionError) {
    watermark = Watermark(durable: sequence)
    self.calls = calls
    self.sizes = sizes
    buffer = Lock(try Region(byteCount: RecordWriter.bufferByteCount, pool: pool))
    self.notify = notify
    state = Lock(State(firstSequences: firstSequences, appendedByteCount: replayedByteCount))
  }

  /// Bytes of all records so far, from those after the checkpoint on that the model was recovered from.
  var appendedByteCount: Int { state.withLock { $0.appendedByteCount } }

  /// Makes sure that there is room on the disk for a record, before its change is applied. What is not appended costs
  /// nothing.
  func reserve(for record: ChangeRecord, sequence: Int) throws(ModelError) -> Place {
    try state.withLock { (state) throws(ModelError) in
      if let failure = state.failure { throw failure }
      do throws(FileFailure) {
        return try reserve(record, sequence, &state)
      } catch {
        let failure = ModelError(error)
        // A full disk can be freed. Whatever else is wrong with it is no ground to build on.
        if !error.isFullDisk { state.failure = failure }
        throw failure
      }
    }
  }

  /// Writes the record of a change that was applied; the watermark tells when it is on disk.
  func append(_ record: ChangeRecord, sequence: Int, epoch: String, at place: Place) {
    let starts = state.withLock { state in
      state.queue.append(Entry(record: record, sequence: sequence, epoch: epoch, place: place))
      state.end = place.end
      state.appendedByteCount += place.end - place.offset
      defer { state.isWriting = true }
      return !state.isWriting
    }
    if starts { queue.async { self.writeAll() } }
  }

  /// Removes the files that hold nothing after `sequence`.
  func removeFiles(upTo sequence: Int) throws(FileFailure) {
    let names: [Int] = state.withLock { state in
      let needed = state.firstSequences.lastIndex { $0 <= sequence + 1 } ?? 0
      defer { state.firstSequences.removeFirst(needed) }
      return Array(state.firstSequences.prefix(needed))
    }
    for first in names { try calls.remove(DataFileName.journal(firstSequence: first).description) }
  }

  private func reserve(_ record: ChangeRecord, _ sequence: Int, _ state: inout State) throws(FileFailure) -> Place {
    if let segment = state.segment, state.end < sizes.segmentByteCount {
      let place = place(for: record, in: segment, at: state.end)
      try allocate(to: place.end, segment, &state.allocated)
      return place
    }
    let segment = try JournalSegment(firstSequence: sequence, in: calls)
    let place = place(for: record, in: segment, at: SegmentHeader.byteCount)
    var allocated = 0
    do throws(FileFailure) {
      try allocate(to: place.end, segment, &allocated)
    } catch {
      try? calls.remove(segment.file.name)
      throw error
    }
    state.segment = segment
    state.end = SegmentHeader.byteCount
    state.allocated = allocated
    state.firstSequences.append(sequence)
    return place
  }

  private func place(for record: ChangeRecord, in segment: JournalSegment, at offset: Int) -> Place {
    var padding = 0
    if segment.uncached != nil, let first = record.data.first, first.range.count >= sizes.uncachedByteCount {
      let begin = offset + RecordHeader.byteCount + record.fields.count
      padding = (sizes.blockByteCount - begin % sizes.blockByteCount) % sizes.blockByteCount
    }
    let end = offset + RecordHeader.recordByteCount(content: record.byteCount + padding)
    return Place(segment: segment, offset: offset, padding: padding, end: end)
  }

  private func allocate(to end: Int, _ segment: JournalSegment, _ allocated: inout Int) throws(FileFailure) {
    guard end > allocated else { return }
    let generous = max(end, allocated + sizes.allocationByteCount)
    do throws(FileFailure) {
      try segment.file.allocate(allocated..<generous)
      allocated = generous
    } catch {
      guard error.isFullDisk, generous > end else { throw error }
      try segment.file.allocate(allocated..<end)
      allocated = end
    }
  }

  /// Writes what waits, and what comes meanwhile.
  private func writeAll() {
    do throws(FileFailure) {
      while let last = try writeNext() { watermark.advance(to: last) }
    } catch {
      let failure = ModelError.journalFailed("\(error)")
      state.withLock { state in
        state.failure = failure
        state.queue = []
      }
      notify(.warning("the journal failed; no change is taken until a restart: \(error)"))
      watermark.fail(failure)
    }
  }

  /// Writes and syncs what waits, and lets go of it; answers the last change, nil when there was none.
  private func writeNext() throws(FileFailure) -> Int? {
    let entries = state.withLock { state in
      if state.queue.isEmpty { state.isWriting = false }
      defer { state.queue = [] }
      return state.queue
    }
    guard let last = entries.last else { return nil }
    try buffer.withLock { (buffer) throws(FileFailure) in try write(entries, by: &buffer) }
    tail.withLock { mark(entries, after: &$0) }
    return last.sequence
  }

  /// Notes behind the records what is on disk, so that the last one is missed when it is damaged, and a file when it is
  /// gone. The note itself is never waited for: the next sync, or the system in its own time, takes it to the disk.
  private func mark(_ entries: [Entry], after tail: inout Tail?) {
    for entry in entries {
      if let tail, tail.segment !== entry.place.segment { mark(entry.sequence, at: tail) }
      tail = Tail(segment: entry.place.segment, end: entry.place.end, sequence: entry.sequence)
    }
    if let tail { mark(tail.sequence, at: tail) }
  }

  private func mark(_ sequence: Int, at tail: Tail) {
    let mark = RecordHeader(markOf: sequence, nonce: tail.segment.nonce).encoded.bytes
    try? tail.segment.file.write(mark.span, at: tail.end)
  }

  private func write(_ entries: [Entry], by buffer: inout Region) throws(FileFailure) {
    guard var segment = entries.first?.place.segment else { return }
    let synced = watermark.durable
    var isNew = false
    var writer = RecordWriter(segment.file, segment.uncached, sizes, at: 0, buffer: buffer)
    for entry in entries {
      if entry.place.segment !== segment {
        try writer.flush()
        try segment.file.sync()
        segment = entry.place.segment
        writer = RecordWriter(segment.file, segment.uncached, sizes, at: 0, buffer: writer.buffer)
      }
      if entry.place.offset == SegmentHeader.byteCount {
        isNew = true
        try writer.write(segment.header.encoded)
      }
      try write(entry, synced: synced, to: &writer)
    }
    try writer.flush()
    try segment.file.sync()
    if isNew { try calls.syncDirectory() }
    buffer = writer.buffer
  }

  private func write(_ entry: Entry, synced: Int, to writer: inout RecordWriter) throws(FileFailure) {
    let record = entry.record
    let header = RecordHeader(
      kind: record.kind, sequence: entry.sequence, synced: synced, epoch: entry.epoch,
      fieldByteCount: record.fields.count + entry.place.padding, dataByteCount: record.byteCount - record.fields.count,
      nonce: entry.place.segment.nonce)
    let encoded = header.encoded
    try writer.move(to: entry.place.offset)
    try writer.write(encoded.bytes)
    writer.beginChecksum(with: encoded.checksum)
    try writer.write(record.fields + [UInt8](repeating: 0, count: entry.place.padding))
    for piece in record.data { try writer.write(piece) }
    var trailer = FieldWriter()
    trailer.append(writer.checksum.value)
    try writer.write(trailer.bytes + [UInt8](repeating: 0, count: entry.place.end - writer.end - trailer.bytes.count))
  }
}

/// Something that the operator should read in the log.
public enum DurabilityNotice: Sendable {
  /// All is well.
  case info(String)
  /// Something went wrong.
  case warning(String)
}

extension ModelError {
  /// Why a change can't be kept.
  init(_ failure: FileFailure) {
    self = failure.isFullDisk ? .fullDisk("\(failure)") : .journalFailed("\(failure)")
  }
}
