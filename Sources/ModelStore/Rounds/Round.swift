/// The round of synchronous training that is open, and the one that is being applied, as a pure value: it is told what
/// happened and when, says what to do, and does nothing itself.
struct Round: Sendable {
  typealias Instant = ContinuousClock.Instant

  /// What to do after something has happened.
  struct Actions: Sendable {
    /// Who is to be told that the contribution came to nothing, and why.
    var refusals: [Refusal] = []
    /// What is to be combined and applied.
    var closed: Closed?
  }

  /// A contribution that came to nothing.
  struct Refusal: Sendable {
    let contribution: Contribution
    let error: RoundError
  }

  /// A round whose trainers have come.
  struct Closed: Sendable {
    /// In byte order of their trainers.
    var contributions: [Contribution]
    /// The weights that they are for.
    let base: VersionStamp
  }

  private struct Open: Sendable {
    let base: VersionStamp
    let began: Instant
    var contributions: [String: Contribution] = [:]
    /// When the least number of trainers had come.
    var reachedMinimum: Instant?
  }

  private let settings: RoundSettings
  private var open: Open?
  /// The weights that the round being applied is for; who comes late to it waits until it is known what became of it.
  private var closing: VersionStamp?
  private var late: [Contribution] = []
  private var isStopped = false

  init(_ settings: RoundSettings) {
    self.settings = settings
  }

  /// How many trainers have come to the open round.
  var count: Int { open?.contributions.count ?? 0 }

  /// When to call `tick`; nil for never.
  var deadline: Instant? {
    guard let open else { return nil }
    let timeout = open.began + settings.timeout
    guard let minimum = settings.minimum, let reached = open.reachedMinimum else { return timeout }
    return min(timeout, reached + minimum.grace)
  }

  /// A contribution has come, while the model has `status`.
  mutating func join(_ contribution: Contribution, _ status: ModelStatus.Trained?, _ now: Instant) -> Actions {
    var actions = advance(to: status, now)
    add(contribution, status, now, &actions)
    return actions
  }

  /// The model may have changed: contributions for other weights than the present ones come to nothing.
  mutating func advance(to status: ModelStatus.Trained?, _ now: Instant) -> Actions {
    var actions = Actions()
    if let base = open?.base, base != status?.stamp { drop(.aborted(current: status?.stamp), &actions) }
    if let closing, closing != status?.stamp { settle(status, now, &actions) }
    return actions
  }

  /// The round that was closed has been applied, or it could not be.
  mutating func finish(_ closed: VersionStamp, _ status: ModelStatus.Trained?, _ now: Instant) -> Actions {
    var actions = advance(to: status, now)
    if closing == closed { settle(status, now, &actions) }
    return actions
  }

  /// Time has passed.
  mutating func tick(_ now: Instant) -> Actions {
    var actions = Actions()
    closeIfDue(now, &actions)
    if let open, now >= open.began + settings.timeout {
      drop(.timedOut(came: open.contributions.count, replicas: settings.replicas), &actions)
    }
    return actions
  }

  /// Nothing more is taken.
  mutating func stop() -> Actions {
    isStopped = true
    var actions = Actions()
    drop(.stopping, &actions)
    actions.refusals += late.map { Refusal(contribution: $0, error: .stopping) }
    late = []
    return actions
  }

  private mutating func add(
    _ contribution: Contribution, _ status: ModelStatus.Trained?, _ now: Instant, _ actions: inout Actions
  ) {
    let stamp: VersionStamp
    do throws(RoundError) {
      stamp = try judge(contribution, status)
    } catch {
      actions.refusals.append(Refusal(contribution: contribution, error: error))
      return
    }
    guard stamp != closing else {
      late.append(contribution)
      return
    }
    var open = open ?? Open(base: stamp, began: now)
    do throws(ModelError) {
      if try open.contributions[contribution.trainer]?.isRepeated(by: contribution) ?? false {
        self.open?.contributions[contribution.trainer]?.join(contribution)
        return
      }
    } catch {
      actions.refusals.append(Refusal(contribution: contribution, error: .refused(error)))
      return
    }
    if let earlier = open.contributions.updateValue(contribution, forKey: contribution.trainer) {
      actions.refusals.append(Refusal(contribution: earlier, error: .superseded))
    }
    if let minimum = settings.minimum, open.contributions.count >= minimum.replicas, open.reachedMinimum == nil {
      open.reachedMinimum = now
    }
    self.open = open
    closeIfDue(now, &actions)
  }

  /// The weights that a contribution is for, which are the present ones.
  private func judge(
    _ contribution: Contribution, _ status: ModelStatus.Trained?
  ) throws(RoundError) -> VersionStamp {
    guard !isStopped else { throw .stopping }
    guard let status else { throw .refused(.noModel) }
    do throws(ModelError) {
      _ = try contribution.push.staleness(at: status.stamp, of: status.layout)
    } catch {
      throw .refused(error)
    }
    return status.stamp
  }

  private mutating func closeIfDue(_ now: Instant, _ actions: inout Actions) {
    guard let open, closing == nil else { return }
    var isDue = open.contributions.count >= settings.replicas
    if let minimum = settings.minimum, let reached = open.reachedMinimum {
      let end = reached + minimum.grace
      // The time limit comes first when it is the shorter one.
      if now >= end, end <= open.began + settings.timeout { isDue = true }
    }
    guard isDue else { return }
    let contributions = open.contributions.values.sorted {
      $0.trainer.utf8.lexicographicallyPrecedes($1.trainer.utf8)
    }
    self.open = nil
    closing = open.base
    actions.closed = Closed(contributions: contributions, base: open.base)
  }

  /// Drops the open round.
  private mutating func drop(_ error: RoundError, _ actions: inout Actions) {
    guard let open = open.take() else { return }
    actions.refusals += open.contributions.values.map { Refusal(contribution: $0, error: error) }
  }

  /// Nothing is being applied any more: who came late begins the next round if the weights are still the same.
  private mutating func settle(_ status: ModelStatus.Trained?, _ now: Instant, _ actions: inout Actions) {
    let isSame = closing == status?.stamp
    let waiting = late
    closing = nil
    late = []
    for contribution in waiting {
      if isSame {
        add(contribution, status, now, &actions)
      } else {
        refuse(contribution, status, &actions)
      }
    }
  }

  /// Refuses a contribution to a round that is over.
  private func refuse(_ contribution: Contribution, _ status: ModelStatus.Trained?, _ actions: inout Actions) {
    var reason = RoundError.aborted(current: status?.stamp)
    do throws(RoundError) {
      _ = try judge(contribution, status)
    } catch {
      reason = error
    }
    actions.refusals.append(Refusal(contribution: contribution, error: reason))
  }
}
