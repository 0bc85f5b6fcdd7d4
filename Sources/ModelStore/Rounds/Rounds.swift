import Dispatch
import Locks
import Optimizers
import Tensors

/// Synchronous training of a model: takes contributions, and applies what those of a round make together.
///
/// A contribution that waits for others holds no thread. Rounds are combined and applied on a queue of their own.
public final class Rounds: Sendable {
  private struct State {
    var round: Round
    /// What is to be combined, and nobody else holds.
    var closed: [Round.Closed] = []
    /// When the queue will look at the time.
    var wakeup: Round.Instant?

    /// In how many seconds the queue is to look at the time, unless it will do so before anyway.
    mutating func nextWakeup(_ now: Round.Instant) -> Double? {
      guard let deadline = round.deadline else { return nil }
      if let wakeup, wakeup <= deadline { return nil }
      wakeup = deadline
      return max(now.duration(to: deadline) / .seconds(1), 0.001)
    }
  }

  /// When rounds close.
  public let settings: RoundSettings
  private let model: Model
  private let acceptsNonFinite: Bool
  private let state: Lock<State>
  private let queue = DispatchQueue(label: "rounds")

  /// Rounds of a model.
  public init(of model: Model, _ settings: RoundSettings, acceptsNonFinite: Bool) {
    self.model = model
    self.settings = settings
    self.acceptsNonFinite = acceptsNonFinite
    state = Lock(State(round: Round(settings)))
    model.onChange { [weak self] in
      guard let self else { return }
      queue.async { self.perform { $0.advance(to: self.model.status.model, $1) } }
    }
  }

  /// How many trainers have come to the open round.
  public var contributionCount: Int { state.withLock { $0.round.count } }

  /// How contributions are combined by the present optimizer.
  public var reduction: RoundSettings.Reduction {
    settings.reduction ?? (model.status.optimizer.inner.takesValues ? .mean : .sum)
  }

  /// Takes a contribution to the round of the present weights. Never waits.
  public func contribute(_ contribution: Contribution) {
    let gradient = contribution.push.gradient
    if let part = gradient.sparse.first, model.status.optimizer.inner.takesValues {
      let name = gradient.layout.entries[part.entry].variable.name
      return contribution.answer(.failure(.refused(.rowsOfValues(variable: name))))
    }
    perform { $0.join(contribution, self.model.status.model, $1) }
  }

  /// Takes nothing more, and tells those who wait.
  public func stop() {
    perform { round, _ in round.stop() }
  }

  /// Lets something happen to the round, and does what that asks for.
  private func perform(_ event: (inout Round, Round.Instant) -> Round.Actions) {
    let now = Round.Instant.now
    let (refusals, isClosed, wakeup): ([Round.Refusal], Bool, Double?) = state.withLock { state in
      let actions = event(&state.round, now)
      if let closed = actions.closed { state.closed.append(closed) }
      return (actions.refusals, actions.closed != nil, state.nextWakeup(now))
    }
    for refusal in refusals { refusal.contribution.answer(.failure(refusal.error)) }
    if isClosed { queue.async { self.combine() } }
    if let wakeup { queue.asyncAfter(deadline: .now() + wakeup) { self.wake() } }
  }

  private func wake() {
    state.withLock { $0.wakeup = nil }
    perform { round, now in round.tick(now) }
  }

  /// Combines and applies a round that was closed. Cost: one pass over its gradients, then the push.
  private func combine() {
    guard var closed = state.withLock({ $0.closed.isEmpty ? nil : $0.closed.removeFirst() }) else { return }
    let base = closed.base
    let answers = closed.contributions.map(\.answer)
    let wantsWeights = closed.contributions.contains { $0.wantsWeights }
    let identities = closed.contributions.flatMap(\.push.identities)
    let isMean = reduction == .mean
    let method = GradientCombination.Method(
      weights: closed.contributions.map { isMean ? $0.weight : 1 }, isMean: isMean,
      takesValues: model.status.optimizer.inner.takesValues)
    let gradients = closed.contributions.map(\.push.gradient)
    // What is held once is combined in place.
    closed.contributions = []
    do throws(ModelError) {
      var combination = GradientCombination(of: consume gradients, by: method, threads: model.threads)
      let gradient = try combination.combined(acceptsNonFinite: acceptsNonFinite)
      let push = Push(
        gradient: gradient,
        base: GradientBase(iteration: base.iterations, epoch: base.epoch, weights: [base.identity]),
        identities: identities, wantsWeights: wantsWeights)
      model.apply(.push(push)) { outcome in self.finish(base, answers, outcome) }
    } catch {
      finish(base, answers, .failure(error))
    }
  }

  private func finish(
    _ base: VersionStamp, _ answers: [@Sendable (Result<Outcome, RoundError>) -> Void],
    _ outcome: Result<Outcome, ModelError>
  ) {
    let status = model.status.model
    perform { $0.finish(base, status, $1) }
    let result: Result<Outcome, RoundError> = outcome.mapError { error in
      switch error {
      case .noModel, .epochMismatch, .otherWeights, .preconditionFailed: .aborted(current: status?.stamp)
      default: .refused(error)
      }
    }
    for answer in answers { answer(result) }
  }
}
