/// What one trainer brings to a round.
public struct Contribution: Sendable {
  /// Who brings it; the bytes of this name give the order in which contributions are combined.
  public let trainer: String
  /// The gradient.
  public let push: Push
  /// What it counts in a mean.
  public let weight: Double
  /// Whether the outcome is to hold the new weights.
  private(set) var wantsWeights: Bool
  /// Who is told what became of it: those who sent it, once or again.
  private var answers: [@Sendable (Result<Outcome, RoundError>) -> Void]

  /// A contribution; `answer` is told once what became of it, from any thread, where it must not wait.
  public init(
    trainer: String, push: Push, weight: Double = 1,
    answer: @escaping @Sendable (Result<Outcome, RoundError>) -> Void
  ) {
    self.trainer = trainer
    self.push = push
    self.weight = weight
    wantsWeights = push.wantsWeights
    answers = [answer]
  }

  /// Whether this is the same push, sent again. Throws when another body came under its key.
  func isRepeated(by other: Contribution) throws(ModelError) -> Bool {
    guard trainer == other.trainer, let first = push.identities.first, let second = other.push.identities.first,
      first.key == second.key
    else { return false }
    guard first.body == second.body else { throw .keyOfAnotherBody(first: first.body, came: second.body) }
    return true
  }

  /// Lets the one who sent it again be told the same.
  mutating func join(_ other: Contribution) {
    answers += other.answers
    wantsWeights = wantsWeights || other.wantsWeights
  }

  /// Tells what became of it.
  var answer: @Sendable (Result<Outcome, RoundError>) -> Void {
    { [answers] result in
      for (index, answer) in answers.enumerated() {
        if index > 0, case .success(.pushed(let receipt, let weights)) = result {
          answer(.success(.replayed(receipt, weights)))
        } else {
          answer(result)
        }
      }
    }
  }
}

/// Why a contribution came to nothing.
public enum RoundError: Error, Sendable {
  /// The same trainer brought another one to the round.
  case superseded
  /// Too few trainers came in time.
  case timedOut(came: Int, replicas: Int)
  /// Something else changed the weights.
  case aborted(current: VersionStamp?)
  /// The server takes no new work.
  case stopping
  /// The model refused it, or the gradient that the round made.
  case refused(ModelError)
}
