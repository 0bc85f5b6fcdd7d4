import Optimizers
import Tensors

/// What a data directory holds, and what has to be done in it before the model goes on. Reading changes nothing.
struct Recovery {
  /// The state after the last change; its epoch is new where changes were lost.
  let saved: SavedState
  /// How many changes of it the journal brought.
  let replayedCount: Int
  /// Bytes of their records.
  let replayedByteCount: Int
  /// Whether the state is another than the one on disk, in its epoch.
  let isChanged: Bool
  /// What the last run left behind.
  let mark: RunMark?
  /// What the operator should know.
  private(set) var notices: [DurabilityNotice] = []
  /// The first changes of the journal files that hold some.
  let journalFiles: [Int]
  /// The changes up to which there are sound checkpoints, or such as were not looked at.
  let checkpoints: [Int]

  private var damaged: [DataFileName] = []
  private let tornTail: (file: String, offset: Int)?
  private var removable: [String]
  private let calls: any FileCalls

  /// Reads a directory that holds a state. Cost: the newest checkpoint's bytes, and the journal's after it.
  init(
    _ directory: DataDirectory, registry: Registry, threads: Int, pool: RegionPool
  ) throws(RecoveryError) {
    calls = directory.calls
    let listing = try directory.listing()
    removable = listing.partials
    var damaged: [(name: DataFileName, detail: String)] = []
    var found: SavedState?
    for sequence in listing.checkpoints.reversed() {
      let name = DataFileName.checkpoint(sequence: sequence)
      do throws(CheckpointError) {
        found = try CheckpointReader(name.description, in: calls).state(registry: registry, pool: pool)
        break
      } catch {
        switch error {
        case .damaged(let detail): damaged.append((name, detail))
        case .newerFormat(let version): throw .newerFormat(file: name.description, version: version)
        case .unusable(let detail): throw .unusableCheckpoint(file: name.description, detail: detail)
        case .outOfMemory(let byteCount): throw .outOfMemory(byteCount: byteCount)
        case .file(let failure): throw .file(failure)
        }
      }
    }
    guard let found, found.sequence == listing.checkpoints[listing.checkpoints.count - damaged.count - 1] else {
      throw .noCheckpoint(damaged: damaged.map { "\($0.name): \($0.detail)" })
    }
    var replay = JournalReplay(
      found, firstSequences: listing.journalFiles, in: calls, registry: registry, threads: threads, pool: pool)
    try replay.run()
    let mark = try Self.mark(calls)
    if mark == .journal, let last = listing.checkpoints.last, replay.sequence < last {
      throw .missingChanges(from: replay.sequence + 1, to: last)
    }
    let hasLost = mark != .journal && mark != .stopped(sequence: replay.sequence)
    self.mark = mark
    var state = replay.state
    isChanged = hasLost && state.trained != nil
    if isChanged { state.trained?.epoch = .random() }
    // The new epoch is a change of its own, so that no checkpoint of the old one has its number.
    saved = SavedState(state, sequence: replay.sequence + (isChanged ? 1 : 0))
    replayedCount = replay.changeCount
    replayedByteCount = replay.byteCount
    journalFiles = replay.firstSequences
    checkpoints = listing.checkpoints.filter { $0 <= found.sequence }
    tornTail = replay.tornTail
    removable += replay.uselessFiles
    self.damaged = damaged.map(\.name)
    for (name, detail) in damaged {
      notices.append(
        .warning("\(name) is damaged (\(detail)); it was set aside as \(name.setAside), and an older one is used"))
    }
    for file in replay.uselessFiles {
      notices.append(.warning("\(file) held no whole record; it was removed"))
    }
    if let tornTail {
      notices.append(
        .warning(
          "\(tornTail.file) ended in the middle of a record; it was cut at byte \(tornTail.offset), after change \(replay.sequence)"
        ))
    }
  }

  /// Puts the directory in order: damaged files aside, torn tails cut, useless files removed.
  func tidy() throws(RecoveryError) {
    do throws(FileFailure) {
      for name in damaged { try calls.rename(name.description, to: name.setAside) }
      if let tornTail {
        let file = try DataFile(tornTail.file, .writing, in: calls)
        try file.truncate(to: tornTail.offset)
        try file.sync()
      }
      for name in removable { try calls.remove(name) }
      try calls.syncDirectory()
    } catch {
      throw .file(error)
    }
  }

  private static func mark(_ calls: any FileCalls) throws(RecoveryError) -> RunMark? {
    do throws(FileFailure) {
      return try RunMark(in: calls)
    } catch {
      throw .file(error)
    }
  }
}
