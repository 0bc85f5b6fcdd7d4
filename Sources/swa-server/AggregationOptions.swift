public import ArgumentParser
public import ModelStore

/// How the gradients of many trainers are taken together.
struct AggregationOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Whether each push is applied by itself, or a round of trainers.", valueName: "mode"))
  var aggregation = Aggregation.async

  @Option("Trainers that make a round, with --aggregation sync.", .wholeNumber(in: 1...10_000))
  var replicas: Int?

  @Option("Trainers that make a round when the rest does not come within --sync-grace.", .wholeNumber(in: 1...10_000))
  var minReplicas: Int?

  @Option("Seconds that a round waits for the rest after --min-replicas have come.", .seconds(in: 0...86_400))
  var syncGrace: Seconds?

  @Option("Seconds after the first push of a round in which it must be complete.", .seconds(in: 0.001...86_400))
  var syncTimeout = Seconds(30)

  @Option(
    help: ArgumentHelp(
      "How the gradients of a round become one (default: sum; with the rule Assign mean).", valueName: "reduction"))
  var reduction: RoundSettings.Reduction?

  @Option(
    help: ArgumentHelp("What becomes of a push whose weights are behind, without rounds.", valueName: "policy"))
  var stalenessPolicy = Staleness.accept

  @Option("Steps that a push may be behind, with --staleness-policy reject.", .wholeNumber(in: 0...1_000_000_000))
  var maxStaleness: Int?

  /// The names of modes.
  enum Aggregation: String, CaseIterable, ExpressibleByArgument {
    case async, sync
  }

  /// The names of staleness policies.
  enum Staleness: String, CaseIterable, ExpressibleByArgument {
    case accept, reject, scale
  }

  /// What no single layer can judge.
  func checkTogether() throws(Failure) {
    switch (stalenessPolicy, maxStaleness) {
    case (.reject, nil):
      throw Failure(.usage, "--staleness-policy reject needs --max-staleness, the steps that a push may be behind")
    case (.accept, .some), (.scale, .some):
      throw Failure(.usage, "--max-staleness goes with --staleness-policy reject, not with \(stalenessPolicy)")
    default: break
    }
    switch aggregation {
    case .async: try checkWithoutRounds()
    case .sync: try checkRounds()
    }
  }

  private func checkWithoutRounds() throws(Failure) {
    let given = [
      replicas.map { _ in "--replicas" }, minReplicas.map { _ in "--min-replicas" },
      syncGrace.map { _ in "--sync-grace" }, reduction.map { _ in "--reduction" },
    ].compactMap { $0 }
    guard let first = given.first else { return }
    throw Failure(.usage, "\(first) goes with --aggregation sync")
  }

  private func checkRounds() throws(Failure) {
    guard let replicas else {
      throw Failure(.usage, "--aggregation sync needs --replicas, how many trainers make a round")
    }
    if stalenessPolicy != .accept {
      throw Failure(.usage, "--staleness-policy goes with --aggregation async; rounds refuse what is behind")
    }
    guard (minReplicas == nil) == (syncGrace == nil) else {
      throw Failure(.usage, "--min-replicas and --sync-grace go together")
    }
    if let minReplicas, minReplicas > replicas {
      throw Failure(.usage, "--min-replicas \(minReplicas) is more than --replicas \(replicas)")
    }
  }

  /// The policy with its limit.
  var policy: StalenessPolicy {
    switch stalenessPolicy {
    case .accept: .accept
    case .reject: .reject(beyond: maxStaleness ?? 0)
    case .scale: .scale
    }
  }

  /// When rounds close; nil without rounds.
  func rounds(maximumByteCount: Int) -> RoundSettings? {
    guard aggregation == .sync, let replicas else { return nil }
    var settings = RoundSettings(replicas: replicas)
    if let minReplicas, let syncGrace {
      settings.minimum = RoundSettings.Minimum(replicas: minReplicas, grace: syncGrace.duration)
    }
    settings.timeout = syncTimeout.duration
    settings.reduction = reduction
    settings.maximumByteCount = maximumByteCount
    return settings
  }
}

extension RoundSettings.Reduction: ExpressibleByArgument {}
