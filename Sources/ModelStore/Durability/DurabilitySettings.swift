/// How a model is kept.
public enum DurabilityMode: String, Sendable, CaseIterable {
  /// In memory alone.
  case none
  /// By checkpoints: what came after the last one is lost in a crash.
  case checkpoint
  /// By checkpoints and a journal: nothing that was answered is lost.
  case journal
}

/// What an operator sets of it.
public struct DurabilitySettings: Sendable {
  /// How the model is kept.
  public var mode: DurabilityMode
  /// A checkpoint is written every so many iterations; nil for no such rule.
  public var checkpointEvery: Int?
  /// A checkpoint is written so long after the last one, if anything has changed.
  public var checkpointInterval: Duration
  /// How many checkpoints are kept.
  public var keptCheckpoints: Int
  /// A checkpoint is written when the journal after the last one is longer; nil for the larger of 1 GiB and four
  /// checkpoints.
  public var maximumJournalBytes: Int?
  /// Bytes after which a journal file is full, and that are allocated at a time.
  var journalSizes = Journal.Sizes()

  /// Settings with the defaults beside these.
  public init(
    mode: DurabilityMode, checkpointEvery: Int? = nil, checkpointInterval: Duration = .seconds(300),
    keptCheckpoints: Int = 3, maximumJournalBytes: Int? = nil
  ) {
    self.mode = mode
    self.checkpointEvery = checkpointEvery
    self.checkpointInterval = checkpointInterval
    self.keptCheckpoints = keptCheckpoints
    self.maximumJournalBytes = maximumJournalBytes
  }
}
