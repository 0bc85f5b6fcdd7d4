import Locks
import Optimizers
import Tensors
import Testing

@testable import ModelStore

/// The round as a pure value: what is told to whom, and when it closes.
struct RoundTests {
  private let model: Model
  private let start = Round.Instant.now

  init() throws {
    model = try .make(shapes: [[2]])
  }

  private var status: ModelStatus.Trained {
    get throws { try #require(model.status.model) }
  }

  private func contribution(
    _ trainer: String, base: Int = 0, weights: [WeightsIdentity]? = nil, value: Float = 1
  ) throws -> Contribution {
    let base = GradientBase(iteration: base, weights: weights, stalenessPolicy: .reject(beyond: 0))
    return Contribution(trainer: trainer, push: Push(gradient: try .make(value, for: model), base: base)) { _ in }
  }

  private func round(_ replicas: Int, minimum: Int? = nil, grace: Double = 1, timeout: Double = 30) -> Round {
    var settings = RoundSettings(replicas: replicas)
    settings.minimum = minimum.map { .init(replicas: $0, grace: .seconds(grace)) }
    settings.timeout = .seconds(timeout)
    return Round(settings)
  }

  private func after(_ seconds: Double) -> Round.Instant { start + .seconds(seconds) }

  @discardableResult
  private func join(_ round: inout Round, _ trainer: String, at seconds: Double = 0) throws -> Round.Actions {
    round.join(try contribution(trainer), try status, after(seconds))
  }

  @Test
  func closesWhenAllTrainersHaveComeInOrderOfTheirBytes() throws {
    var round = round(4)
    for trainer in ["b", "a.", "B"] { #expect(try join(&round, trainer).closed == nil) }
    #expect(round.count == 3)
    let closed = try #require(try join(&round, "a").closed)
    #expect(closed.contributions.map(\.trainer) == ["B", "a", "a.", "b"])
    #expect(try closed.base == status.stamp)
    #expect(round.count == 0)
    #expect(round.deadline == nil)
  }

  @Test
  func aSecondContributionOfATrainerReplacesItsFirst() throws {
    var round = round(2)
    try join(&round, "a")
    let actions = round.join(try contribution("a", value: 7), try status, after(1))
    #expect(actions.refusals.map(\.contribution.trainer) == ["a"])
    guard case .superseded = actions.refusals.first?.error else { throw Unexpected(actions) }
    #expect(round.count == 1)
    let closed = try #require(try join(&round, "b").closed)
    #expect(closed.contributions.map(\.push.gradient.norm) == [7 * 2.0.squareRoot(), 2.0.squareRoot()])
  }

  private func keyed(_ trainer: String, body: [UInt8], told: Told) throws -> Contribution {
    let identity = PushIdentity(
      key: PushKey("k", trainer: trainer, caller: ""), body: BodyDigest(of: body.span), seconds: 0)
    let push = Push(
      gradient: try .make(Float(body[0]), for: model), base: GradientBase(iteration: 0), identities: [identity])
    return Contribution(trainer: trainer, push: push) { told.append($0) }
  }

  @Test
  func aPushThatComesAgainUnderItsKeyJoinsItsFirst() throws {
    var round = round(2)
    let contributions = try ([[1], [1], [2]] as [[UInt8]]).map { body in
      let told = Told()
      return (try keyed("a", body: body, told: told), told)
    }
    for (contribution, _) in contributions.prefix(2) {
      #expect(round.join(contribution, try status, start).refusals.isEmpty)
    }
    let other = round.join(contributions[2].0, try status, start)
    guard case .refused(.keyOfAnotherBody) = other.refusals.first?.error else { throw Unexpected(other) }
    let closed = try #require(try join(&round, "b").closed)
    #expect(closed.contributions.count == 2)
    let stamp = try status.stamp
    let receipt = Receipt(
      iterations: 1, isSnapshot: false, snapshots: 0, staleness: 0, learningRate: 1, gradientNorm: 1, stamp: stamp)
    closed.contributions[0].answer(.success(.pushed(receipt, nil)))
    #expect(contributions.map { $0.1.outcomes.count } == [1, 1, 0])
    guard case .success(.pushed) = contributions[0].1.outcomes[0],
      case .success(.replayed) = contributions[1].1.outcomes[0]
    else { throw Unexpected(contributions) }
  }

  @Test
  func aPushThatComesAgainSharesTheFateOfItsFirst() throws {
    var round = round(2)
    let told = Told()
    for _ in 0..<2 { _ = round.join(try keyed("a", body: [1], told: told), try status, start) }
    let actions = round.join(try contribution("a"), try status, start)
    #expect(actions.refusals.count == 1)
    actions.refusals[0].contribution.answer(.failure(actions.refusals[0].error))
    #expect(told.outcomes.count == 2)
    for outcome in told.outcomes {
      guard case .failure(.superseded) = outcome else { throw Unexpected(outcome) }
    }
  }

  @Test
  func theTimeLimitCountsFromTheFirstContribution() throws {
    var round = round(3, timeout: 30)
    #expect(round.deadline == nil)
    try join(&round, "a", at: 5)
    try join(&round, "b", at: 20)
    #expect(round.deadline == after(35))
    #expect(round.tick(after(34.9)).refusals.isEmpty)
    let refusals = round.tick(after(35)).refusals
    #expect(Set(refusals.map(\.contribution.trainer)) == ["a", "b"])
    for refusal in refusals {
      guard case .timedOut(came: 2, replicas: 3) = refusal.error else { throw Unexpected(refusal) }
    }
    #expect(round.count == 0)
    #expect(round.deadline == nil)
  }

  @Test
  func theMinimumClosesOnlyAfterTheGrace() throws {
    var round = round(4, minimum: 2, grace: 3)
    try join(&round, "a")
    #expect(round.deadline == after(30))
    try join(&round, "b", at: 10)
    #expect(round.deadline == after(13))
    try join(&round, "c", at: 12)
    #expect(round.deadline == after(13))
    #expect(round.tick(after(12.9)).closed == nil)
    #expect(round.tick(after(13)).closed?.contributions.map(\.trainer) == ["a", "b", "c"])
  }

  @Test
  func allTrainersDoNotWaitForTheGrace() throws {
    var round = round(2, minimum: 1, grace: 3)
    try join(&round, "a")
    #expect(try join(&round, "b", at: 1).closed?.contributions.count == 2)
  }

  @Test
  func withoutGraceTheMinimumClosesAtOnce() throws {
    var round = round(3, minimum: 2, grace: 0)
    try join(&round, "a")
    #expect(try join(&round, "b").closed?.contributions.count == 2)
  }

  @Test
  func aTimeLimitBeforeTheGraceEndsDropsTheRound() throws {
    var round = round(3, minimum: 1, grace: 60, timeout: 30)
    try join(&round, "a")
    let actions = round.tick(after(61))
    #expect(actions.closed == nil)
    guard case .timedOut(came: 1, replicas: 3) = actions.refusals.first?.error else { throw Unexpected(actions) }
  }

  @Test
  func aBaseThatIsBehindIsRefused() throws {
    _ = try model.apply(.push(.make(.make(1, for: model))))
    var round = round(2)
    let actions = round.join(try contribution("a", base: 0), try status, start)
    guard case .refused(.staleGradient(base: 0, iterations: 1, limit: 0)) = actions.refusals.first?.error else {
      throw Unexpected(actions)
    }
    #expect(round.count == 0)
  }

  @Test
  func otherWeightsAreRefused() throws {
    var round = round(2)
    let other = WeightsIdentity(epoch: try status.stamp.epoch, version: 7)
    let actions = round.join(try contribution("a", weights: [other]), try status, start)
    guard case .refused(.otherWeights) = actions.refusals.first?.error else { throw Unexpected(actions) }
  }

  @Test
  func anotherChangeOfTheWeightsAbortsTheRound() throws {
    var round = round(3)
    try join(&round, "a")
    try join(&round, "b")
    #expect(round.advance(to: try status, start).refusals.isEmpty)
    let layout = try status.layout
    let zeros = try Region.zeros(byteCount: layout.byteCount, pool: model.pool)
    _ = try model.apply(.replace(layout: layout, values: zeros))
    let actions = round.advance(to: try status, start)
    #expect(actions.refusals.count == 2)
    for refusal in actions.refusals {
      guard case .aborted = refusal.error else { throw Unexpected(refusal) }
    }
    #expect(round.count == 0)
  }

  @Test
  func aChangeOfTheOptimizerAloneAbortsNothing() throws {
    var round = round(2)
    try join(&round, "a")
    try model.patch("learning_rate", .number(0.5))
    #expect(round.advance(to: try status, start).refusals.isEmpty)
    #expect(round.count == 1)
  }

  @Test
  func aDroppedModelAbortsTheRound() throws {
    var round = round(2)
    try join(&round, "a")
    guard case .aborted(current: nil) = round.advance(to: nil, start).refusals.first?.error else {
      throw Unexpected(round)
    }
  }

  @Test
  func whoComesWhileTheRoundIsAppliedIsStaleOnceItIs() throws {
    var round = round(3, minimum: 1, grace: 0)
    let closed = try #require(try join(&round, "a").closed)
    let actions = try join(&round, "b")
    #expect(actions.refusals.isEmpty && actions.closed == nil)
    _ = try model.apply(.push(.make(.make(1, for: model))))
    let after = round.finish(closed.base, try status, start)
    guard case .refused(.staleGradient) = after.refusals.first?.error else { throw Unexpected(after) }
    #expect(after.refusals.first?.contribution.trainer == "b")
  }

  @Test
  func whoCameLateBeginsAnewWhenTheRoundCouldNotBeApplied() throws {
    var round = round(2)
    try join(&round, "a")
    let closed = try #require(try join(&round, "b").closed)
    try join(&round, "c")
    #expect(round.count == 0)
    #expect(round.finish(closed.base, try status, after(1)).refusals.isEmpty)
    #expect(round.count == 1)
    #expect(round.deadline == after(31))
  }

  @Test
  func theNextRoundMayBeginBeforeTheLastOneIsKnownToBeOver() throws {
    var round = round(1)
    let first = try #require(try join(&round, "a").closed)
    _ = try model.apply(.push(.make(.make(1, for: model))))
    let second = round.join(try contribution("a", base: 1), try status, start).closed
    #expect(second?.base.iterations == 1)
    #expect(round.finish(first.base, try status, start).refusals.isEmpty)
    // The second is still being applied.
    #expect(round.join(try contribution("b", base: 1), try status, start).closed == nil)
  }

  @Test
  func afterStoppingNobodyIsTaken() throws {
    var round = round(3)
    try join(&round, "a")
    for actions in [round.stop(), try join(&round, "b")] {
      guard case .stopping = actions.refusals.first?.error else { throw Unexpected(actions) }
      #expect(actions.refusals.count == 1)
    }
    #expect(round.deadline == nil)
  }

  /// What a contribution was told.
  final class Told: Sendable {
    private let results = Lock<[Result<Outcome, RoundError>]>([])

    var outcomes: [Result<Outcome, RoundError>] { results.withLock { $0 } }

    func append(_ result: Result<Outcome, RoundError>) {
      results.withLock { $0.append(result) }
    }
  }

  struct Unexpected: Error {
    let found: String

    init(_ found: some Any) {
      self.found = "\(found)"
    }
  }
}
