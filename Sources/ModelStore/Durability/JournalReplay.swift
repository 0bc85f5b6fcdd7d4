import Optimizers
import Tensors

/// Applies the journal's changes after those that a state has seen already, and finds out where the journal ends, and
/// whether what follows is a torn tail or a sign of damage. Changes nothing on disk.
struct JournalReplay {
  /// The state after the last change.
  private(set) var state: ModelState
  /// The last change.
  private(set) var sequence: Int
  /// How many changes were applied.
  private(set) var changeCount = 0
  /// Bytes of their records.
  private(set) var byteCount = 0
  /// Where whole records end, when something else follows.
  private(set) var tornTail: (file: String, offset: Int)?
  /// Files that hold no whole record.
  private(set) var uselessFiles: [String] = []
  /// The first changes of the other files.
  private(set) var firstSequences: [Int] = []

  private let files: [Int]
  private let calls: any FileCalls
  private let registry: Registry
  private let threads: Int
  private let pool: RegionPool

  /// Goes on from a saved state by the files that begin with these changes.
  init(
    _ saved: SavedState, firstSequences: [Int], in calls: any FileCalls, registry: Registry, threads: Int,
    pool: RegionPool
  ) {
    state = saved.state
    sequence = saved.sequence
    files = firstSequences.sorted()
    self.calls = calls
    self.registry = registry
    self.threads = threads
    self.pool = pool
  }

  /// Reads all files. Cost: the files' bytes and the changes' work.
  mutating func run() throws(RecoveryError) {
    // Files before the last one that begins with a known change hold nothing new.
    let first = files.lastIndex { $0 <= sequence + 1 } ?? 0
    firstSequences = Array(files.prefix(first))
    for index in files.indices.dropFirst(first) {
      guard try read(index) else {
        uselessFiles += files.dropFirst(index + 1).map(Self.name)
        break
      }
    }
  }

  private static func name(_ firstSequence: Int) -> String {
    DataFileName.journal(firstSequence: firstSequence).description
  }

  /// Reads a file; false when the journal ends there.
  private mutating func read(_ index: Int) throws(RecoveryError) -> Bool {
    let scan = try JournalScan(Self.name(files[index]), in: calls)
    guard let header = try scan.header() else {
      // Header and first record are written together: one without the other was damaged later.
      var isDamaged = try scan.first(from: SegmentHeader.byteCount) { _ in true }
      if !isDamaged { isDamaged = try provesSynced(sequence + 1, from: index + 1) }
      if isDamaged {
        throw .damagedJournal(file: scan.file.name, offset: 0, change: sequence + 1)
      }
      uselessFiles.append(scan.file.name)
      return false
    }
    guard header.version <= SegmentHeader.formatVersion else {
      throw .newerFormat(file: scan.file.name, version: Int(header.version))
    }
    guard header.firstSequence == files[index] else {
      throw .damagedJournal(file: scan.file.name, offset: 0, change: files[index])
    }
    guard header.firstSequence <= sequence + 1 else {
      if try provesSynced(sequence + 1, from: index) {
        throw .missingChanges(from: sequence + 1, to: header.firstSequence - 1)
      }
      uselessFiles.append(scan.file.name)
      return false
    }
    return try read(scan, header, at: index)
  }

  private mutating func read(_ scan: JournalScan, _ header: SegmentHeader, at index: Int) throws(RecoveryError) -> Bool
  {
    var offset = SegmentHeader.byteCount
    var next = header.firstSequence
    while let record = try scan.record(at: offset, nonce: header.nonce), record.sequence == next {
      if next > sequence {
        guard try apply(record, in: scan.file, at: offset) else { break }
        sequence = next
        changeCount += 1
        byteCount += record.recordByteCount
      }
      offset += record.recordByteCount
      next += 1
    }
    let isNextThere = index + 1 < files.count && files[index + 1] <= next
    // A file's last mark tells of the first change of the next one.
    var isDamaged = try scan.first(from: offset) { record in
      record.nonce == header.nonce && record.synced >= next && !(record.isMark && isNextThere)
    }
    if !isDamaged, !isNextThere { isDamaged = try provesSynced(next, from: index + 1) }
    if isDamaged {
      throw .damagedJournal(file: scan.file.name, offset: offset, change: next)
    }
    if next == header.firstSequence {
      uselessFiles.append(scan.file.name)
    } else {
      firstSequences.append(files[index])
      if !isNextThere, try !scan.isBlank(from: offset) { tornTail = (scan.file.name, offset) }
    }
    return isNextThere
  }

  /// Applies a record's change; false when its checksum is wrong.
  private mutating func apply(_ record: RecordHeader, in file: DataFile, at offset: Int) throws(RecoveryError) -> Bool {
    do throws(RecordError) {
      let begin = offset + RecordHeader.byteCount
      let end = begin + record.fieldByteCount + record.dataByteCount
      var data = RecordData(file, in: begin..<end, after: record.checksum)
      let fields = try data.bytes(record.fieldByteCount)
      let decoded = try change(of: record, fields, &data)
      try data.skip()
      guard try data.checksum.value == data.storedChecksum() else { return false }
      guard record.epoch == state.epochName else {
        throw .malformed("it is for the epoch '\(record.epoch)', and the model's is '\(state.epochName)'")
      }
      let change = try decoded.get()
      do throws(ModelError) {
        _ = try state.apply(change, registry: registry, threads: threads)
      } catch {
        throw .malformed("its change is refused: \(error)")
      }
      return true
    } catch {
      throw .unusableRecord(file: file.name, offset: offset, error)
    }
  }

  /// The change, or why it can't be read, which is of interest only when the record's checksum is right.
  private func change(
    of record: RecordHeader, _ fields: [UInt8], _ data: inout RecordData
  ) throws(RecordError) -> Result<Change, RecordError> {
    guard let kind = ChangeRecord.Kind(rawValue: record.kind) else { return .failure(.unknownKind(record.kind)) }
    do throws(RecordError) {
      return .success(try Change(kind, fields: fields, &data, for: state, registry: registry, pool: pool))
    } catch {
      if case .file = error { throw error }
      return .failure(error)
    }
  }

  /// Whether a record in the files from `index` on was written when `change` was on disk.
  private func provesSynced(_ change: Int, from index: Int) throws(RecoveryError) -> Bool {
    for first in files.dropFirst(index) {
      let scan = try JournalScan(Self.name(first), in: calls)
      let nonce = try scan.header()?.nonce
      let isProof = try scan.first(from: SegmentHeader.byteCount) { record in
        (nonce == nil || nonce == record.nonce) && record.synced >= change
      }
      if isProof { return true }
    }
    return false
  }
}

extension ModelState {
  /// The epoch as records name it: empty without a model.
  var epochName: String { trained?.epoch.description ?? "" }
}
