import Foundation
import Locks
import Optimizers
import Tensors
import Testing

@testable import ModelStore

/// The journal while it works: many changes share a sync, a full disk refuses and heals, a failed sync ends it.
@Suite(.timeLimit(.minutes(2)))
struct JournalTests {
  private static func model(on disk: SimulatedDisk, _ optimizer: any AveragingOptimizer = CrashScenario.optimizer)
    throws -> Model
  {
    let model = Model(optimizer: optimizer, threads: 2, pool: RegionPool())
    _ = try model.open(DataDirectory(calls: disk), CrashScenario().settings, notify: { _ in })
    return model
  }

  @Test
  func manyChangesShareOneSync() throws {
    let disk = SimulatedDisk()
    let model = try Self.model(on: disk)
    _ = try model.apply(CrashScenario.create(1)(model, nil))
    disk.hold()
    let group = DispatchGroup()
    let told = Lock<[Int]>([])
    for number in 1...40 {
      group.enter()
      model.apply(try CrashScenario.push(Float(number))(model, nil)) { outcome in
        if case .success(.pushed(let receipt, _)) = outcome { told.withLock { $0.append(receipt.iterations) } }
        group.leave()
      }
      if number == 1 { disk.waitForHeldSync() }
    }
    #expect(told.withLock { $0 } == [])
    #expect(model.status.model?.stamp.iterations == 0)
    let before = disk.calls.filter { $0.hasPrefix("sync journal") }.count
    disk.release()
    group.wait()
    #expect(told.withLock { $0 } == Array(1...40))
    #expect(model.status.model?.stamp.iterations == 40)
    // One for the first, and one for each file that the others filled.
    let files = Set(disk.contents.keys.filter { $0.hasPrefix("journal") }).count
    #expect(disk.calls.filter { $0.hasPrefix("sync journal") }.count - before <= 1 + files)
  }

  @Test
  func aVersionIsToldWhenItIsDurable() throws {
    let disk = SimulatedDisk()
    let model = try Self.model(on: disk)
    _ = try model.apply(CrashScenario.create(1)(model, nil))
    disk.hold()
    let isDone = DispatchSemaphore(value: 0)
    model.apply(try CrashScenario.push(1)(model, nil)) { _ in isDone.signal() }
    disk.waitForHeldSync()
    let pending = try #require(try model.weightsIfFree())
    #expect(pending.value == nil)
    #expect(model.status.model?.stamp.version == 1)
    disk.release()
    isDone.wait()
    #expect(try pending.wait().stamp.version == 2)
  }

  @Test
  func aFullDiskRefusesChangesUntilThereIsRoom() throws {
    let disk = SimulatedDisk()
    let model = try Self.model(on: disk)
    _ = try model.apply(CrashScenario.create(1)(model, nil))
    disk.setFull(true)
    let before = try model.weights().stamp
    var refused = 0
    for number in 0..<20 {
      let push = try CrashScenario.push(Float(number))(model, nil)
      do throws(ModelError) {
        _ = try model.apply(push)
      } catch {
        guard case .fullDisk = error else { throw error }
        refused += 1
      }
    }
    #expect(refused > 10)
    #expect(try model.weights().stamp.iterations == before.iterations + 20 - refused)
    disk.setFull(false)
    _ = try model.apply(CrashScenario.push(1)(model, nil))
    let expected = Fingerprint(model.capturedState())
    let recovered = try Self.model(on: disk.afterCrash(.everything))
    #expect(Fingerprint(recovered.capturedState()) == expected)
  }

  @Test
  func afterAFailedSyncChangesAreRefusedAndOldVersionsTold() throws {
    let disk = SimulatedDisk()
    let model = try Self.model(on: disk)
    _ = try model.apply(CrashScenario.create(1)(model, nil))
    _ = try model.apply(CrashScenario.push(1)(model, nil))
    let average = try model.averagedWeights().stamp
    let next = disk.calls.count
    disk.setFault(.fail(EIO), atNext: "sync")
    #expect(throws: ModelError.self) { try model.apply(CrashScenario.push(2)(model, nil)) }
    #expect(disk.calls[next...].last?.hasPrefix("sync") == true)
    let calls = disk.calls.count
    #expect(throws: ModelError.self) { try model.apply(.dropAverage) }
    #expect(disk.calls.count == calls, "nothing is written after a failed sync")
    #expect(model.status.model?.stamp.iterations == 1)
    #expect(throws: ModelError.self) { try model.weights() }
    // The second push took no snapshot, so the averages are those that were on disk.
    #expect(try model.averagedWeights().stamp == average)
  }

  @Test
  func anOptimizerThatNoConfigurationNamesIsRefused() throws {
    let model = try Self.model(on: SimulatedDisk())
    var rule = Nadam()
    rule.settings.learningRate = .schedule(ExponentialDecay())
    let before = model.capturedState().sequence
    #expect(throws: ModelError.self) {
      try model.apply(.setOptimizer(SWA(rule), epoch: CrashScenario.epoch(2)))
    }
    #expect(model.capturedState().sequence == before)
  }

  @Test(arguments: AnyRule.allCases)
  func everyRuleIsReplayedToTheBit(rule: AnyRule) throws {
    let disk = SimulatedDisk()
    var optimizer = SWA(rule.rule)
    optimizer.averagePeriod = 2
    let model = try Self.model(on: disk)
    _ = try model.apply(CrashScenario.create(1)(model, nil))
    _ = try model.apply(.setOptimizer(optimizer, epoch: CrashScenario.epoch(2)))
    for number in 1...5 { _ = try model.apply(CrashScenario.push(Float(number) / 3)(model, nil)) }
    _ = try model.apply(CrashScenario.sparsePush(model, nil))
    let expected = Fingerprint(model.capturedState())
    let recovered = try Self.model(on: disk.afterCrash(.everything))
    #expect(Fingerprint(recovered.capturedState()) == expected)
    // From a checkpoint too.
    _ = try model.durability?.writeAndWait(model.capture)
    let restarted = try Self.model(on: disk.afterCrash(.everything))
    #expect(Fingerprint(restarted.capturedState()) == expected)
  }
}
