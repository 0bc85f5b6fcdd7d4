private import Dispatch
private import Locks
import Optimizers
import Tensors

/// Keeps one model on disk while it trains: its journal, and its checkpoints beside the pushes.
final class Durability: Sendable {
  private struct State {
    var schedule: CheckpointSchedule
    /// Ascending.
    var checkpoints: [Checkpoint]
    var isStopped = false
  }

  let settings: DurabilitySettings
  /// nil in checkpoint mode.
  let journal: Journal?
  let directory: DataDirectory
  private let writer: CheckpointWriter
  private let notify: @Sendable (DurabilityNotice) -> Void
  private let state: Lock<State>
  private let queue = DispatchQueue(label: "checkpoints")

  init(
    _ settings: DurabilitySettings, journal: Journal?, directory: DataDirectory, checkpoints: [Checkpoint],
    iterations: Int, writer: CheckpointWriter, notify: @escaping @Sendable (DurabilityNotice) -> Void
  ) {
    self.settings = settings
    self.journal = journal
    self.directory = directory
    self.writer = writer
    self.notify = notify
    let schedule = CheckpointSchedule(
      iterationCount: settings.checkpointEvery,
      journalByteCount: settings.maximumJournalBytes, iterations: iterations)
    state = Lock(State(schedule: schedule, checkpoints: checkpoints))
  }

  /// The checkpoints that are kept, the oldest first.
  var checkpoints: [Checkpoint] { state.withLock { $0.checkpoints } }

  /// Calls `body` after each interval, on the thread of checkpoints, until `stop`.
  func start(_ body: @escaping @Sendable () -> Void) {
    queue.asyncAfter(deadline: .now() + settings.checkpointInterval / .seconds(1)) { [weak self] in
      guard let self, !state.withLock({ $0.isStopped }) else { return }
      body()
      start(body)
    }
  }

  /// Begins no checkpoint more by itself.
  func stop() {
    state.withLock { $0.isStopped = true }
  }

  /// Whether a checkpoint must be begun now that so many steps were taken.
  func begins(atIterations iterations: Int) -> Bool {
    let journalBytes = journal?.appendedByteCount ?? 0
    return state.withLock { $0.schedule.begins(atIterations: iterations, journalBytes: journalBytes) }
  }

  /// Writes a checkpoint of the state that `capture` takes, on a thread of its own, after those that are under way.
  func write(
    _ capture: @escaping @Sendable () -> Pending<SavedState>,
    then: @escaping @Sendable (Result<Checkpoint, ModelError>) -> Void
  ) {
    queue.async { then(Result { () throws(ModelError) in try self.write(capture()) }) }
  }

  /// As `write`, but waits for it.
  func writeAndWait(_ capture: () -> Pending<SavedState>) throws(ModelError) -> Checkpoint {
    let result: Result<Checkpoint, ModelError> = queue.sync {
      Result { () throws(ModelError) in try write(capture()) }
    }
    return try result.get()
  }

  /// Writes a checkpoint; the one that is there when nothing has changed since.
  private func write(_ captured: Pending<SavedState>) throws(ModelError) -> Checkpoint {
    // A checkpoint never holds what may not be told yet.
    let saved = try captured.wait()
    if let last = checkpoints.last, last.sequence == saved.sequence {
      state.withLock { $0.schedule.end(byteCount: last.byteCount) }
      return last
    }
    let journalBytes = journal?.appendedByteCount ?? 0
    state.withLock { $0.schedule.begin(atIterations: saved.stamp?.iterations ?? 0, journalBytes: journalBytes) }
    do throws(FileFailure) {
      let checkpoint = try writer.write(saved) { state.withLock { !$0.isStopped } }
      let superfluous: [Checkpoint] = state.withLock { state in
        state.schedule.end(byteCount: checkpoint.byteCount)
        state.checkpoints.append(checkpoint)
        let count = max(0, state.checkpoints.count - settings.keptCheckpoints)
        defer { state.checkpoints.removeFirst(count) }
        return Array(state.checkpoints.prefix(count))
      }
      remove(superfluous)
      return checkpoint
    } catch {
      state.withLock { $0.schedule.end(byteCount: nil) }
      notify(.warning("no checkpoint could be written: \(error)"))
      throw error.isFullDisk ? .fullDisk("\(error)") : .checkpointFailed("\(error)")
    }
  }

  /// Removes checkpoints, and the journal's files that only they need.
  private func remove(_ superfluous: [Checkpoint]) {
    do throws(FileFailure) {
      for checkpoint in superfluous { try directory.calls.remove(checkpoint.name.description) }
      if let oldest = checkpoints.first { try journal?.removeFiles(upTo: oldest.sequence) }
    } catch {
      notify(.warning("a file that is no longer needed could not be removed: \(error)"))
    }
  }
}
