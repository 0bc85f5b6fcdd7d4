internal import Locks
internal import Synchronization

/// The bytes of content that all connections together hold, from arrival until the answer.
final class BodyBudget: Sendable {
  /// The part of one request's content.
  final class Share: Sendable {
    fileprivate let revokedFlag = Atomic<Bool>(false)
    private let revoke: @Sendable () -> Void

    init(revoke: @escaping @Sendable () -> Void) {
      self.revoke = revoke
    }

    /// Whether this content must go to make room for older ones.
    var isRevoked: Bool { revokedFlag.load(ordering: .acquiring) }

    fileprivate func takeAway() {
      revokedFlag.store(true, ordering: .releasing)
      revoke()
    }
  }

  private struct Holding {
    let share: Share
    var bytes = 0
    var isReceiving = true
    var isRevoked = false
  }

  private struct State {
    /// In the order in which the contents began.
    var holdings: [Holding] = []
    var used = 0
    var revoked = 0
  }

  let limit: Int
  private let state = Lock(State())

  init(limit: Int) {
    self.limit = limit
  }

  var used: Int { state.withLock { $0.used } }

  /// Notes that `count` more bytes of a content have arrived; false when it is the one that must go.
  func charge(_ count: Int, to share: Share) -> Bool {
    let victims: [Share] = state.withLock { state in
      let index = state.holdings.lastIndex { $0.share === share } ?? state.holdings.endIndex
      if index == state.holdings.endIndex { state.holdings.append(Holding(share: share)) }
      state.holdings[index].bytes += count
      state.used += count
      if state.holdings[index].isRevoked { state.revoked += count }
      return self.makeRoom(&state)
    }
    for victim in victims where victim !== share { victim.takeAway() }
    if victims.contains(where: { $0 === share }) { share.revokedFlag.store(true, ordering: .releasing) }
    return !share.isRevoked
  }

  /// The newest contents that are still coming must go until the rest fits. One that comes alone stays while those that
  /// are complete fit: they may be waiting for it.
  private func makeRoom(_ state: inout State) -> [Share] {
    var victims: [Share] = []
    while state.used - state.revoked > limit {
      guard let index = state.holdings.lastIndex(where: { $0.isReceiving && !$0.isRevoked }),
        state.used - state.revoked - state.holdings[index].bytes > limit
          || state.holdings[..<index].contains(where: { $0.isReceiving && !$0.isRevoked })
      else { break }
      state.holdings[index].isRevoked = true
      state.revoked += state.holdings[index].bytes
      victims.append(state.holdings[index].share)
    }
    return victims
  }

  /// The content is complete: it stays until `release`, and is no longer taken away.
  func complete(_ share: Share) {
    state.withLock { state in
      guard let index = state.holdings.lastIndex(where: { $0.share === share }) else { return }
      state.holdings[index].isReceiving = false
      // It was complete before it heard that it had to go.
      if state.holdings[index].isRevoked {
        state.holdings[index].isRevoked = false
        state.revoked -= state.holdings[index].bytes
      }
    }
  }

  /// The content is gone.
  func release(_ share: Share) {
    state.withLock { state in
      guard let index = state.holdings.lastIndex(where: { $0.share === share }) else { return }
      let holding = state.holdings.remove(at: index)
      state.used -= holding.bytes
      if holding.isRevoked { state.revoked -= holding.bytes }
    }
  }
}
