import Foundation
import Testing

@testable import ModelStore

/// Every fault at every system call of durability: what was acknowledged is there afterwards, and nothing else but what
/// was in doubt.
///
/// What these tests and their neighbours have found so far, each in code that looked right:
/// - an optimizer that no configuration names was journaled, and its record refused at the next start;
/// - a call that failed while room was made for one change let the next change in, on a disk that can't be trusted;
/// - of those who waited for the same sync, some were answered before the status that they were told of was published.
@Suite(.timeLimit(.minutes(5)))
struct CrashTests {
  static let faults: [SimulatedDisk.Fault] = [.stop, .fail(EIO), .fail(ENOSPC), .fail(EINTR), .short]

  @Test(arguments: [DurabilityMode.journal, .checkpoint])
  func anUndisturbedRunIsRecoveredWhole(mode: DurabilityMode) {
    let scenario = CrashScenario(mode: mode)
    let disk = SimulatedDisk()
    let report = scenario.run(on: disk)
    #expect(report.acknowledged == Array(CrashScenario.changes.indices))
    #expect(report.unexpected == [])
    #expect(report.visibleCount > 0)
    for loss in SimulatedDisk.Loss.allCases {
      #expect(scenario.complaint(about: disk.afterCrash(loss), after: report) == nil, "\(loss)")
    }
    if mode == .journal {
      #expect(Set(disk.calls.filter { $0.hasPrefix("allocate journal") }).count > 3, "files were meant to fill")
      #expect(disk.calls.filter { $0.hasPrefix("writeBlocks journal") }.count > 3)
      #expect(disk.contents.keys.filter { $0.hasPrefix("checkpoint") }.count == 2)
    }
  }

  /// Nor is anything lost where a write around the cache is refused.
  @Test(arguments: ["openUncached journal", "writeBlocks journal"])
  func aFileSystemWithoutUncachedWritesWillDo(call: String) throws {
    let scenario = CrashScenario()
    let number = try #require(Self.calls(of: scenario).firstIndex { $0.hasPrefix(call) })
    let disk = SimulatedDisk(fault: (number + 1, .fail(EINVAL)))
    let report = scenario.run(on: disk)
    #expect(disk.hasFaulted)
    #expect(report.acknowledged == Array(CrashScenario.changes.indices))
    #expect(scenario.complaint(about: disk.afterCrash(.everything), after: report) == nil)
  }

  @Test(arguments: [DurabilityMode.journal, .checkpoint], faults)
  func afterAFaultAtAnyCallNothingAcknowledgedIsLost(mode: DurabilityMode, fault: SimulatedDisk.Fault) {
    let scenario = CrashScenario(mode: mode)
    let count = Self.callCount(of: scenario)
    let complaints = Self.complaints(scenario, fault, calls: 1...count)
    #expect(complaints == [])
    print("\(mode), \(fault): \(count) calls, \(count * Self.losses(after: fault).count) crashes")
  }

  @Test(arguments: [DurabilityMode.journal, .checkpoint], faults)
  func recoveryThatFailsAnywhereCanBeMadeAgain(mode: DurabilityMode, fault: SimulatedDisk.Fault) {
    let scenario = CrashScenario(mode: mode)
    // A crash in the middle of a burst that leaves torn records, and one in the middle of a checkpoint.
    let whole = Self.calls(of: scenario)
    let all = Self.interestingPoints(in: whole)
    let points = ProcessInfo.processInfo.environment["LONG_TESTS"] == nil ? Array(all.suffix(4)) : all
    var complaints: [String] = []
    var count = 0
    for point in points {
      let disk = SimulatedDisk(fault: (point, .stop))
      let report = scenario.run(on: disk)
      let crashed = disk.afterCrash(.torn)
      let files = crashed.contents
      _ = scenario.complaint(about: crashed, after: report)
      for call in 1...max(crashed.calls.count, 1) {
        let again = SimulatedDisk.make(files)
        again.setFault((call, fault))
        _ = try? CrashScenario.emptyModel().open(
          DataDirectory(calls: again), scenario.settings, notify: { _ in })
        for loss in Self.losses(after: fault).prefix(3) {
          let complaint = scenario.complaint(about: again.afterCrash(loss), after: report)
          count += 1
          guard let complaint, complaints.count < 5 else { continue }
          complaints.append("stop at \(whole[point - 1]), \(fault) at call \(call) of recovery, \(loss): \(complaint)")
        }
      }
    }
    #expect(complaints == [])
    print("\(mode), \(fault) while recovering: \(count) recoveries")
  }

  /// Each of these defects, which a program could have, must be noticed by the test above.
  @Test
  func seededDefectsAreNoticed() {
    var scenario = CrashScenario()
    let count = Self.callCount(of: scenario)
    for defect in [SimulatedDisk.Defect.dropsSync, .dropsDirectorySync] {
      #expect(!Self.complaints(scenario, .stop, calls: 1...count, defect: defect).isEmpty, "\(defect)")
    }
    scenario.carelessness = .acknowledgesEarly
    #expect(!Self.complaints(scenario, .stop, calls: 1...count).isEmpty)
    scenario.carelessness = .showsEarly
    #expect(!Self.complaints(scenario, .stop, calls: 1...count).isEmpty)
  }

  /// The ways in which what was not synced may be lost: all of them when the process stops. When it goes on, little is
  /// unsynced at the end.
  private static func losses(after fault: SimulatedDisk.Fault) -> [SimulatedDisk.Loss] {
    switch fault {
    case .stop: [.everything, .torn, .nothing, .entries, .data, .earlierWrites]
    case .fail: [.everything, .torn]
    case .short: [.everything]
    }
  }

  private static func calls(of scenario: CrashScenario) -> [String] {
    let disk = SimulatedDisk()
    _ = scenario.run(on: disk)
    return disk.calls
  }

  private static func callCount(of scenario: CrashScenario) -> Int { calls(of: scenario).count }

  /// One call of each kind on each kind of file, from the middle of the run on.
  private static func interestingPoints(in calls: [String]) -> [Int] {
    var seen: Set<String> = []
    var points: [Int] = []
    for (index, call) in calls.enumerated().dropFirst(calls.count / 2) {
      let kind = String(call.filter { !$0.isNumber })
      if seen.insert(kind).inserted { points.append(index + 1) }
    }
    return points
  }

  private static func complaints(
    _ scenario: CrashScenario, _ fault: SimulatedDisk.Fault, calls: ClosedRange<Int>,
    defect: SimulatedDisk.Defect? = nil
  ) -> [String] {
    var complaints: [String] = []
    for call in calls {
      let disk = SimulatedDisk(fault: (call, fault), defect: defect)
      let report = scenario.run(on: disk)
      complaints += report.unexpected.map { "\(fault) at call \(call): \($0)" }
      for loss in Self.losses(after: fault) {
        guard let complaint = scenario.complaint(about: disk.afterCrash(loss), after: report) else { continue }
        let name = disk.calls.count >= call ? disk.calls[call - 1] : "?"
        complaints.append("\(fault) at call \(call), \(name), \(loss): \(complaint)")
      }
      if complaints.count > 5 { break }
    }
    return complaints
  }
}
