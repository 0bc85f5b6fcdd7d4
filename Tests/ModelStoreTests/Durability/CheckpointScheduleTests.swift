import Testing

@testable import ModelStore

/// When checkpoints are due.
struct CheckpointScheduleTests {
  private func isDue(_ iterations: Int, _ journalBytes: Int, _ schedule: inout CheckpointSchedule) -> Bool {
    schedule.begins(atIterations: iterations, journalBytes: journalBytes)
  }

  @Test
  func everySoManyIterations() {
    var schedule = CheckpointSchedule(iterationCount: 10, journalByteCount: nil, iterations: 3)
    #expect(!isDue(12, 0, &schedule))
    #expect(isDue(13, 0, &schedule))
    #expect(!isDue(30, 0, &schedule), "one is under way")
    schedule.end(byteCount: 100)
    #expect(isDue(30, 0, &schedule))
    schedule.end(byteCount: nil)
    #expect(!isDue(5, 0, &schedule), "the model went back")
    #expect(isDue(15, 0, &schedule))
  }

  @Test
  func whenTheJournalIsLong() {
    var schedule = CheckpointSchedule(iterationCount: nil, journalByteCount: 1000, iterations: 0)
    #expect(!isDue(1, 999, &schedule))
    #expect(isDue(2, 1000, &schedule))
    schedule.end(byteCount: 100)
    #expect(!isDue(3, 1999, &schedule))
    #expect(isDue(4, 2000, &schedule))
  }

  @Test
  func theJournalMayBeOneGiBOrFourCheckpoints() {
    var schedule = CheckpointSchedule(iterationCount: nil, journalByteCount: nil, iterations: 0)
    #expect(isDue(1, 1 << 30, &schedule))
    schedule.end(byteCount: 1 << 30)
    #expect(!isDue(2, 4 << 30, &schedule))
    #expect(isDue(2, 5 << 30, &schedule))
  }
}
