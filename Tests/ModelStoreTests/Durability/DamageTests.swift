import Tensors
import Testing

@testable import ModelStore

/// Every byte of a small journal and of a checkpoint, flipped and cut off at: recovered, refused or healed, never taken
/// for something else.
@Suite(.timeLimit(.minutes(5)))
struct DamageTests {
  private static let scenario = CrashScenario()

  /// What is in a directory after these changes, each acknowledged before the next, with checkpoints after some.
  private static func contents(
    _ changes: [CrashScenario.Making], checkpointsAfter: Set<Int> = []
  ) throws -> [String: [UInt8]] {
    let disk = SimulatedDisk()
    let model = CrashScenario.emptyModel()
    _ = try model.open(DataDirectory(calls: disk), scenario.settings, notify: { _ in })
    for (index, change) in changes.enumerated() {
      _ = try model.apply(change(model, nil))
      if checkpointsAfter.contains(index) { _ = try model.durability?.writeAndWait(model.capture) }
    }
    return disk.contents
  }

  /// The state after the first changes, undisturbed.
  private static func fingerprints(_ changes: [CrashScenario.Making]) throws -> [Fingerprint] {
    let model = CrashScenario.emptyModel()
    var fingerprints = [Fingerprint(model.capturedState())]
    for change in changes {
      _ = try model.apply(change(model, nil))
      fingerprints.append(Fingerprint(model.capturedState()))
    }
    return fingerprints
  }

  /// The state that a directory is recovered to, and what was said; a refusal must have changed nothing.
  private static func recover(_ files: [String: [UInt8]]) throws -> (Result<Fingerprint, RecoveryError>, [String]) {
    let disk = SimulatedDisk.make(files)
    let model = CrashScenario.emptyModel()
    let notices = Notices()
    do throws(RecoveryError) {
      _ = try model.open(DataDirectory(calls: disk), scenario.settings, notify: notices.take)
    } catch {
      #expect(disk.contents == files, "a refusal changed something")
      return (.failure(error), notices.texts)
    }
    return (.success(Fingerprint(model.capturedState())), notices.texts)
  }

  private static let changes = [CrashScenario.create(1), CrashScenario.push(1), CrashScenario.sparsePush]

  /// The mark behind the last record tells damage from a write that the power did not outlast.
  @Test(arguments: [true, false])
  func aDamagedJournalIsRefusedAndATornOneIsCut(isMarked: Bool) throws {
    var files = try Self.contents(Self.changes)
    let states = try Self.fingerprints(Self.changes)
    let name = try #require(files.keys.first { $0.hasPrefix("journal") })
    let records = try Self.records(in: #require(files[name]))
    #expect(records.count == Self.changes.count)
    let end = try #require(records.last?.upperBound)
    if !isMarked { files[name]?.removeSubrange(end...) }
    let journal = try #require(files[name])
    for offset in journal.indices {
      var flipped = files
      flipped[name]?[offset] ^= 1 << UInt8(offset % 8)
      let (result, notices) = try Self.recover(flipped)
      switch (result, records.firstIndex { $0.contains(offset) }) {
      case (.success(let state), .none) where offset >= end: #expect(state == states.last)
      case (.success(let state), let record?) where state == states.last:
        #expect(Self.isPadding(offset, of: records[record]))
      case (.success(let state), let record?):
        #expect(!isMarked && record == records.count - 1 && state == states[record], "byte \(offset)")
        #expect(notices.contains { $0.contains("cut at byte \(records[record].lowerBound)") }, "byte \(offset)")
      case (.success, .none): Issue.record("byte \(offset) of the file's header was taken")
      case (.failure(.damagedJournal(let file, let place, _)), let record):
        #expect(file == name && place == (record.map { records[$0].lowerBound } ?? 0), "byte \(offset)")
      case (.failure(let error), _): Issue.record("byte \(offset): \(error)")
      }
      var cut = files
      cut[name] = Array(journal.prefix(offset))
      let whole = records.filter { $0.upperBound <= offset }.count
      #expect(try Self.recover(cut).0.get() == states[whole], "cut at \(offset)")
    }
  }

  @Test
  func aDamagedNewestCheckpointIsHealedFromTheOneBefore() throws {
    let files = try Self.contents(Self.changes, checkpointsAfter: [1])
    let expected = try Self.fingerprints(Self.changes).last
    let name = try #require(files.keys.filter { $0.hasPrefix("checkpoint") }.max())
    let checkpoint = try #require(files[name])
    for offset in checkpoint.indices {
      var flipped = files
      flipped[name]?[offset] ^= 1 << UInt8(offset % 8)
      let cut = files.merging([name: Array(checkpoint.prefix(offset))]) { $1 }
      for (damaged, isCut) in [(flipped, false), (cut, true)] {
        let (result, notices) = try Self.recover(damaged)
        #expect(try result.get() == expected, "byte \(offset)")
        // A digit of the checksum in capitals is the same digit.
        let isSame = !isCut && UInt8(ascii: "A")...UInt8(ascii: "F") ~= (damaged[name]?[offset] ?? 0)
        #expect(isSame || notices.contains { $0.contains("set aside") }, "byte \(offset)")
      }
    }
  }

  @Test
  func aDamagedOnlyCheckpointIsRefused() throws {
    var files = try Self.contents(Self.changes, checkpointsAfter: [0, 1, 2])
    let names = files.keys.filter { $0.hasPrefix("checkpoint") }.sorted()
    for name in names.dropLast() { files[name] = nil }
    let name = try #require(names.last)
    let checkpoint = try #require(files[name])
    for offset in checkpoint.indices where offset % 7 == 0 {
      var flipped = files
      flipped[name]?[offset] ^= 0x80
      guard case .failure(.noCheckpoint) = try Self.recover(flipped).0 else {
        Issue.record("byte \(offset)")
        continue
      }
    }
  }

  @Test
  func aMissingJournalFileIsRefused() throws {
    let changes = (0..<40).map { $0 == 0 ? CrashScenario.create(1) : CrashScenario.push(Float($0)) }
    let files = try Self.contents(changes)
    let journals = files.keys.filter { $0.hasPrefix("journal") }.sorted()
    #expect(journals.count > 3)
    #expect(try Self.recover(files).0.get() == Self.fingerprints(changes).last)
    for name in journals {
      var without = files
      without[name] = nil
      guard case .failure = try Self.recover(without).0 else {
        Issue.record("\(name) was not missed")
        continue
      }
    }
  }

  @Test(arguments: [1, SegmentHeader.formatVersion, SegmentHeader.formatVersion + 1])
  func anOlderFormatIsReadAndANewerOneRefused(version: UInt32) throws {
    var files = try Self.contents(Self.changes)
    let name = try #require(files.keys.first { $0.hasPrefix("journal") })
    let journal = try #require(files[name])
    var header = FieldWriter()
    for byte in journal.prefix(8) { header.append(byte) }
    header.append(version)
    for byte in journal[12..<SegmentHeader.byteCount - 4] { header.append(byte) }
    header.append(CRC32C(of: header.bytes.span).value)
    files[name] = header.bytes + journal.dropFirst(SegmentHeader.byteCount)
    switch try Self.recover(files).0 {
    case .success(let state):
      #expect(try version <= SegmentHeader.formatVersion && state == Self.fingerprints(Self.changes).last)
    case .failure(.newerFormat(let file, let found)):
      #expect(file == name && found == Int(version) && version > SegmentHeader.formatVersion)
    case .failure(let error): Issue.record(error)
    }
  }

  private static func records(in journal: [UInt8]) -> [Range<Int>] {
    var records: [Range<Int>] = []
    var offset = SegmentHeader.byteCount
    while let header = RecordHeader(journal[offset...]), !header.isMark {
      records.append(offset..<offset + header.recordByteCount)
      offset += header.recordByteCount
    }
    return records
  }

  /// Whether a byte is among the up to seven behind a record's checksum.
  private static func isPadding(_ offset: Int, of record: Range<Int>) -> Bool { record.upperBound - offset <= 7 }
}
