/// When a checkpoint is due beside those at fixed times; knows no clock and no disk.
struct CheckpointSchedule {
  /// One every so many iterations.
  let iterationCount: Int?
  /// One after so many bytes of journal; nil for the larger of 1 GiB and four checkpoints.
  let journalByteCount: Int?

  private static let leastByteCount = 1 << 30
  private static let checkpointMultiple = 4

  private var lastIterations: Int
  private var lastJournalBytes = 0
  private var lastCheckpointBytes = 0
  private var isUnderWay = false

  init(iterationCount: Int?, journalByteCount: Int?, iterations: Int) {
    self.iterationCount = iterationCount
    self.journalByteCount = journalByteCount
    lastIterations = iterations
  }

  /// Whether one must be begun now that the model is here; then it counts as begun.
  mutating func begins(atIterations iterations: Int, journalBytes: Int) -> Bool {
    // A model that was dropped, or went back, counts anew.
    if iterations < lastIterations { lastIterations = iterations }
    guard !isUnderWay else { return false }
    let isDue =
      iterationCount.map { iterations - lastIterations >= $0 } ?? false
      || journalBytes - lastJournalBytes >= journalLimit
    guard isDue else { return false }
    begin(atIterations: iterations, journalBytes: journalBytes)
    return true
  }

  /// Notes that one was begun, for whatever reason.
  mutating func begin(atIterations iterations: Int, journalBytes: Int) {
    isUnderWay = true
    lastIterations = iterations
    lastJournalBytes = journalBytes
  }

  /// Notes that it is done, or failed, in which case the next one is due as if it had not.
  mutating func end(byteCount: Int?) {
    isUnderWay = false
    if let byteCount { lastCheckpointBytes = byteCount }
  }

  private var journalLimit: Int {
    journalByteCount ?? max(Self.leastByteCount, Self.checkpointMultiple * lastCheckpointBytes)
  }
}
