import Dispatch
import Locks
import Optimizers
import Tensors
import Testing

@testable import ModelStore

/// A run of every kind of change, with checkpoints in between, that can be cut off at any system call; and what must be
/// there afterwards.
struct CrashScenario: Sendable {
  /// What a careless server would do.
  enum Carelessness: Sendable {
    /// Says that a change is done when it is applied.
    case acknowledgesEarly
    /// Shows a version when it is applied.
    case showsEarly
  }

  /// What clients of a run have seen.
  struct Report: Sendable {
    /// The changes that were acknowledged, in order.
    var acknowledged: [Int] = []
    /// Those that were answered with a failure of the journal, in order: each may be there or not.
    var inDoubt: [Int] = []
    /// How many changes a version had seen that a reader got.
    var visibleCount = 0
    /// How many acknowledged changes the last finished checkpoint had seen.
    var checkpointedCount = 0
    /// The first errors that were neither a full disk nor a failed journal.
    var unexpected: [String] = []
  }

  enum Step: Sendable {
    case change(Making)
    /// Changes that are applied while the disk is busy with the first of them.
    case burst([Making])
    case checkpoint
    /// Keeps the state for a later restore.
    case remember
  }

  var mode = DurabilityMode.journal
  var carelessness: Carelessness?

  var settings: DurabilitySettings {
    var settings = DurabilitySettings(mode: mode, checkpointInterval: .seconds(86_400), keptCheckpoints: 2)
    settings.journalSizes = Journal.Sizes(
      segmentByteCount: 1500, allocationByteCount: 512, uncachedByteCount: SimulatedDisk.blockByteCount,
      blockByteCount: SimulatedDisk.blockByteCount)
    return settings
  }

  static func emptyModel() -> Model {
    Model(optimizer: optimizer, threads: 1, pool: RegionPool())
  }

  static var optimizer: any AveragingOptimizer {
    var rule = SGD()
    rule.settings.learningRate = .constant(0.5)
    rule.momentum = 0.9
    var optimizer = SWA(rule)
    optimizer.averagePeriod = 2
    return optimizer
  }

  /// All changes of the steps, in order.
  static let changes: [Making] = steps.flatMap { (step: Step) -> [Making] in
    switch step {
    case .change(let change): return [change]
    case .burst(let changes): return changes
    case .checkpoint, .remember: return []
    }
  }

  static let steps: [Step] = [
    .change(create(1)), .change(push(0.25)), .change(sparsePush), .change(patch("average_period", .integer(1))),
    .change(push(1)), .change(setBuffers), .checkpoint, .remember,
    .burst([push(0.5), push(-0.25), push(2), push(0.125)]), .change(assign), .change(setOptimizer(2)),
    .change(push(3)), .change(setOptimizerState(3)), .checkpoint, .change(replace), .change(push(1)), .change(push(2)),
    .change { _, _ in .dropAverage }, .change(restore(4)), .change(push(0.75)), .checkpoint,
    .change { _, _ in .drop }, .change(create(5)), .change(push(4)), .checkpoint, .change(push(5)),
  ]

  /// Runs all steps on a disk, or as many as go.
  func run(on disk: SimulatedDisk) -> Report {
    let model = Self.emptyModel()
    let report = Lock(Report())
    do throws(RecoveryError) {
      _ = try model.open(DataDirectory(calls: disk), settings, notify: { _ in })
    } catch {
      return Report()
    }
    var saved: SavedState?
    var index = 0
    for step in Self.steps {
      switch step {
      case .change(let change):
        apply([(index, change)], to: model, saved, disk, report)
        index += 1
      case .burst(let changes):
        apply(changes.enumerated().map { (index + $0, $1) }, to: model, saved, disk, report)
        index += changes.count
      case .remember: saved = model.capturedState()
      case .checkpoint:
        let count = report.withLock { $0.acknowledged.count }
        let isDone = DispatchSemaphore(value: 0)
        model.checkpoint { result in
          if case .success = result { report.withLock { $0.checkpointedCount = count } }
          isDone.signal()
        }
        isDone.wait()
      }
      if report.withLock({ !$0.inDoubt.isEmpty }) || disk.isStopped { break }
    }
    return report.withLock { $0 }
  }

  private func apply(
    _ changes: [(index: Int, change: Making)], to model: Model,
    _ saved: SavedState?, _ disk: SimulatedDisk, _ report: borrowing Lock<Report>
  ) {
    let group = DispatchGroup()
    let results = Lock<[Int: Result<Outcome, ModelError>]>([:])
    let visible = Lock(0)
    if changes.count > 1, mode == .journal { disk.hold() }
    for (position, item) in changes.enumerated() {
      let change: Change
      do {
        change = try item.change(model, saved)
      } catch {
        // Made for a state that an earlier refusal prevented.
        continue
      }
      group.enter()
      if carelessness == .acknowledgesEarly {
        // As if the answer did not wait for the journal.
        model.apply(change) { result in
          if case .failure(let error) = result, !error.isOfJournal { results.withLock { $0[item.index] = result } }
          group.leave()
        }
        results.withLock { if $0[item.index] == nil { $0[item.index] = .success(.dropped) } }
      } else {
        model.apply(change) { result in
          results.withLock { $0[item.index] = result }
          group.leave()
        }
      }
      if changes.count > 1, position == 0, mode == .journal { disk.waitForHeldSync() }
    }
    if changes.count > 1 {
      group.enter()
      let applied = model.capturedState().sequence
      if carelessness == .showsEarly {
        visible.withLock { $0 = applied }
        group.leave()
      } else {
        model.weights { result in
          if case .success = result { visible.withLock { $0 = applied } }
          group.leave()
        }
      }
    }
    disk.release()
    group.wait()
    let (all, seen) = (results.withLock { $0 }, visible.withLock { $0 })
    report.withLock { report in
      for (index, result) in all.sorted(by: { $0.key < $1.key }) {
        switch result {
        case .success: report.acknowledged.append(index)
        case .failure(.journalFailed): report.inDoubt.append(index)
        case .failure(.fullDisk), .failure(.noModel), .failure(.noAverage): break
        case .failure(let error): report.unexpected.append("change \(index): \(error)")
        }
      }
      report.visibleCount = max(report.visibleCount, seen)
    }
  }

  /// What is wrong with a disk after a crash, in the light of what clients have seen; nil when all is well.
  func complaint(about disk: SimulatedDisk, after report: Report) -> String? {
    let model = Self.emptyModel()
    do throws(RecoveryError) {
      _ = try model.open(DataDirectory(calls: disk), settings, notify: { _ in })
    } catch {
      return "refused: \(error)"
    }
    let found = Fingerprint(model.capturedState(), withEpoch: mode == .journal)
    let possible = report.acknowledged + report.inDoubt
    let least = mode == .journal ? report.acknowledged.count : report.checkpointedCount
    var counts: [Int] = []
    for count in (0...possible.count).reversed()
    where Self.fingerprint(of: Array(possible.prefix(count)), withEpoch: mode == .journal) == found {
      counts.append(count)
    }
    guard let count = counts.first else { return "recovered to no state that there was" }
    if count < least { return "recovered \(count) changes, \(least) were promised" }
    if mode == .journal, count < report.visibleCount {
      return "recovered \(count) changes, and a reader had seen \(report.visibleCount)"
    }
    return nil
  }

  private static let fingerprints = Lock<[String: Fingerprint]>([:])

  /// That of an undisturbed run of some of the changes.
  static func fingerprint(of indices: [Int], withEpoch: Bool) -> Fingerprint {
    let key = "\(withEpoch) \(indices)"
    if let known = fingerprints.withLock({ $0[key] }) { return known }
    let model = emptyModel()
    var saved: SavedState?
    var index = 0
    var left = indices[...]
    for step in steps {
      switch step {
      case .change, .burst:
        let count = if case .burst(let changes) = step { changes.count } else { 1 }
        for number in index..<index + count where left.first == number {
          left.removeFirst()
          guard let change = try? changes[number](model, saved) else { continue }
          _ = try? model.apply(change)
        }
        index += count
      case .remember: saved = model.capturedState()
      case .checkpoint: continue
      }
      if left.isEmpty { break }
    }
    let fingerprint = Fingerprint(model.capturedState(), withEpoch: withEpoch)
    fingerprints.withLock { $0[key] = fingerprint }
    return fingerprint
  }
}

extension ModelError {
  fileprivate var isOfJournal: Bool { if case .journalFailed = self { true } else { false } }
}

/// All of a state, to the bit.
struct Fingerprint: Equatable, Sendable {
  private let text: String
  private let data: [[UInt8]]

  init(_ saved: SavedState, withEpoch: Bool = true) {
    var text = JSONConfiguration.string(of: Registry.standard.print(saved.optimizer))
    if let trained = saved.state.trained {
      var counters = trained.counters
      if !withEpoch { counters.epoch = Epoch("") }
      text += "\(counters) \(trained.layout.variables)"
      // Receipts are those of an epoch.
      if withEpoch { text += "\(Array(trained.receipts.all))" }
    }
    self.text = text
    data = saved.state.pieces.map { piece in
      piece.region.withBytes(in: piece.range) { bytes in bytes.indices.map { bytes[$0] } }
    }
  }
}
