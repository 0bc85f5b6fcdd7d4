public import ArgumentParser
public import ModelStore

/// How the model is kept across restarts.
struct DurabilityOptions: ParsableArguments {
  @Option("Directory that keeps the model across restarts, for one server at a time; made when missing.", .path)
  var dataDir: String?

  @Option(
    "Start from a downloaded checkpoint, in a new epoch; not used when the data directory holds a state.", .path)
  var checkpoint: String?

  @Option(
    help: ArgumentHelp(
      """
      none: in memory alone (default). checkpoint: what came after the last checkpoint is lost in a crash (default \
      with --data-dir). journal: nothing that was acknowledged is lost.
      """, valueName: "mode"))
  var durability: DurabilityMode?

  @Option("Write a checkpoint every so many iterations.", .wholeNumber(in: 1...1_000_000_000))
  var checkpointEvery: Int?

  @Option("Seconds after which a checkpoint is written if anything has changed.", .seconds(in: 0.001...8_640_000))
  var checkpointInterval = Seconds(300)

  @Option("How many checkpoints are kept.", .wholeNumber(in: 1...1000))
  var keepCheckpoints = 3

  @Option(
    "Journal bytes after which a checkpoint is written (default: 1 GiB, or four checkpoints if they are more).",
    .byteCount)
  var journalMaxBytes: ByteCount?

  /// What no single layer can judge.
  func checkTogether() throws(Failure) {
    switch (durability, dataDir) {
    case (.checkpoint, nil), (.journal, nil):
      throw Failure(.usage, "--durability \(mode.rawValue) needs --data-dir, the directory to keep the model in")
    case (.some(.none), .some):
      throw Failure(.usage, "--durability none keeps nothing in --data-dir; leave one of them out")
    default: break
    }
    if checkpointEvery != nil, dataDir == nil {
      throw Failure(.usage, "--checkpoint-every needs --data-dir, the directory for checkpoints")
    }
    if journalMaxBytes != nil, mode != .journal {
      throw Failure(.usage, "--journal-max-bytes goes with --durability journal")
    }
  }

  /// The mode that holds.
  var mode: DurabilityMode { durability ?? (dataDir == nil ? .none : .checkpoint) }

  /// What the store is told.
  var settings: DurabilitySettings {
    DurabilitySettings(
      mode: mode, checkpointEvery: checkpointEvery, checkpointInterval: checkpointInterval.duration,
      keptCheckpoints: keepCheckpoints, maximumJournalBytes: journalMaxBytes?.bytes)
  }
}

extension DurabilityMode: ExpressibleByArgument {}
