import ArgumentParser
import ModelStore

/// How the gradients of many trainers are taken together.
struct AggregationOptions: ParsableArguments {
  @Option(help: ArgumentHelp("What becomes of a push whose weights are behind.", valueName: "policy"))
  var stalenessPolicy = Staleness.accept

  @Option("Steps that a push may be behind, with --staleness-policy reject.", .wholeNumber(in: 0...1_000_000_000))
  var maxStaleness: Int?

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
  }

  /// The policy with its limit.
  var policy: StalenessPolicy {
    switch stalenessPolicy {
    case .accept: .accept
    case .reject: .reject(beyond: maxStaleness ?? 0)
    case .scale: .scale
    }
  }
}
