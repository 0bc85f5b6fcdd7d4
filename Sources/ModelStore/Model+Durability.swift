import Optimizers
import Tensors

/// Keeping the model in a data directory.
extension Model {
  /// Goes on from what a directory holds, or begins to keep the state that there is in one that holds none. Nothing else
  /// may use the model before it returns.
  ///
  /// Cost: reading the newest checkpoint and the journal after it, and the changes' work. What it throws leaves the
  /// directory as it was, except that torn or damaged files may have been put in order already when a later call fails.
  public func open(
    _ directory: DataDirectory, _ settings: DurabilitySettings,
    notify: @escaping @Sendable (DurabilityNotice) -> Void
  ) throws(RecoveryError) -> Resumption? {
    guard try directory.holdsState() else {
      let durability = try begin(in: directory, settings, notify)
      start(durability)
      return nil
    }
    let recovery = try Recovery(directory, registry: registry, threads: threads, pool: pool)
    try recovery.tidy()
    for notice in recovery.notices { notify(notice) }
    let durability = try goOn(from: recovery, in: directory, settings, notify)
    start(durability)
    return Resumption(recovery)
  }

  /// Ends keeping the model in order: saves the state, so that the next run goes on in the same epoch.
  public func close() throws(ModelError) {
    guard let durability else { return }
    durability.stop()
    let checkpoint = try durability.writeAndWait(capture)
    guard durability.settings.mode == .checkpoint else { return }
    do throws(FileFailure) {
      try RunMark.replace(with: .stopped(sequence: checkpoint.sequence), in: durability.directory.calls)
    } catch {
      throw error.isFullDisk ? .fullDisk("\(error)") : .checkpointFailed("\(error)")
    }
  }

  /// How the model is kept.
  public var durabilityMode: DurabilityMode { durability?.settings.mode ?? .none }

  /// The checkpoints that are kept, the oldest first; empty without a data directory.
  public var checkpoints: [Checkpoint] { durability?.checkpoints ?? [] }

  /// Writes a checkpoint of the state as it is now, unless the newest one holds it already, and answers it when it is on
  /// disk. Cost: the state's bytes, on a thread of its own, and a copy of what pushes change meanwhile.
  public func checkpoint(then: @escaping @Sendable (Result<Checkpoint, ModelError>) -> Void) {
    guard let durability else { return then(.failure(.noDataDirectory)) }
    durability.write({ [self] in capture() }, then: then)
  }

  /// The file of a checkpoint that is kept; nil when there is none of this id.
  public func checkpointFile(_ id: String) throws(FileFailure) -> CheckpointFile? {
    guard let durability, let checkpoint = durability.checkpoints.first(where: { $0.id == id }) else { return nil }
    return try durability.directory.file(of: checkpoint)
  }

  /// The state that a checkpoint holds, for `Change.restore`; nil when there is none of this id. Cost: the file's bytes.
  public func savedState(_ id: String) throws(CheckpointError) -> SavedState? {
    guard let durability, let checkpoint = durability.checkpoints.first(where: { $0.id == id }) else { return nil }
    return try durability.directory.state(of: checkpoint, registry: registry, pool: pool)
  }

  private func begin(
    in directory: DataDirectory, _ settings: DurabilitySettings,
    _ notify: @escaping @Sendable (DurabilityNotice) -> Void
  ) throws(RecoveryError) -> Durability {
    let writer = writer(in: directory)
    let saved = capturedState()
    let checkpoint = try Self.fileCalls { () throws(FileFailure) in
      for partial in try directory.calls.names() where DataFileName(partial) == .partial(partial) {
        try directory.calls.remove(partial)
      }
      let checkpoint = try writer.write(saved)
      try RunMark.replace(with: settings.mode == .journal ? .journal : nil, in: directory.calls)
      return checkpoint
    }
    return Durability(
      settings, journal: try journal(after: saved.sequence, files: [], replayed: 0, directory, settings, notify),
      directory: directory, checkpoints: [checkpoint], iterations: saved.stamp?.iterations ?? 0, writer: writer,
      notify: notify)
  }

  private func goOn(
    from recovery: Recovery, in directory: DataDirectory, _ settings: DurabilitySettings,
    _ notify: @escaping @Sendable (DurabilityNotice) -> Void
  ) throws(RecoveryError) -> Durability {
    let saved = recovery.saved
    let writer = writer(in: directory)
    var checkpoints = try directory.checkpoints()
    var files = recovery.journalFiles
    let keepsJournal = settings.mode == .journal
    try Self.fileCalls { () throws(FileFailure) in
      if recovery.isChanged || (!keepsJournal && recovery.replayedCount > 0) {
        do throws(FileFailure) {
          checkpoints.append(try writer.write(saved))
        } catch {
          // What there is on disk is all of it but the new epoch, and the next run begins one too.
          guard error.isFullDisk, !keepsJournal, recovery.replayedCount == 0 else { throw error }
          notify(.warning("no checkpoint could be written at the start: \(error)"))
        }
        // One run after the other may end before its first checkpoint.
        for checkpoint in checkpoints.dropLast(settings.keptCheckpoints) {
          try directory.calls.remove(checkpoint.name.description)
        }
        checkpoints = checkpoints.suffix(settings.keptCheckpoints)
      }
      if !keepsJournal {
        for first in files { try directory.calls.remove(DataFileName.journal(firstSequence: first).description) }
        files = []
      }
      let mark: RunMark? = keepsJournal ? .journal : nil
      if recovery.mark != mark { try RunMark.replace(with: mark, in: directory.calls) }
    }
    adopt(saved)
    return Durability(
      settings,
      journal: try journal(
        after: saved.sequence, files: files, replayed: recovery.replayedByteCount, directory, settings, notify),
      directory: directory, checkpoints: checkpoints, iterations: checkpoints.last?.iterations ?? 0, writer: writer,
      notify: notify)
  }

  private func writer(in directory: DataDirectory) -> CheckpointWriter {
    CheckpointWriter(calls: directory.calls, registry: registry, pool: pool)
  }

  private func journal(
    after sequence: Int, files: [Int], replayed byteCount: Int, _ directory: DataDirectory,
    _ settings: DurabilitySettings, _ notify: @escaping @Sendable (DurabilityNotice) -> Void
  ) throws(RecoveryError) -> Journal? {
    guard settings.mode == .journal else { return nil }
    do throws(RegionError) {
      return try Journal(
        after: sequence, firstSequences: files, replayedByteCount: byteCount, sizes: settings.journalSizes,
        in: directory.calls, pool: pool, notify: notify)
    } catch {
      throw .outOfMemory(byteCount: RecordWriter.bufferByteCount)
    }
  }

  private static func fileCalls<R>(_ body: () throws(FileFailure) -> R) throws(RecoveryError) -> R {
    do throws(FileFailure) {
      return try body()
    } catch {
      throw .file(error)
    }
  }
}

/// How a model went on from a data directory.
public struct Resumption: Sendable {
  /// Steps that had been taken; nil without a model.
  public let iterations: Int?
  /// Changes that the journal brought after the checkpoint.
  public let replayedChanges: Int
  /// Whether the epoch is a new one, because changes may have been lost.
  public let isNewEpoch: Bool

  init(_ recovery: Recovery) {
    iterations = recovery.saved.stamp?.iterations
    replayedChanges = recovery.replayedCount
    isNewEpoch = recovery.isChanged
  }
}
