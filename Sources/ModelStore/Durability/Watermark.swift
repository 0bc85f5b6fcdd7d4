private import Locks

/// How many changes are on disk, and who waits for more of them.
final class Watermark: Sendable {
  private struct State {
    var durable: Int
    var failure: ModelError?
    var waiters: [(sequence: Int, body: @Sendable (ModelError?) -> Void)] = []
  }

  private let state: Lock<State>

  /// Changes up to this one are on disk.
  init(durable: Int) {
    state = Lock(State(durable: durable))
  }

  /// The last change that is on disk.
  var durable: Int { state.withLock { $0.durable } }

  /// Calls `body` when the change is on disk, with nil, or will never be known to be, with the reason: at once, or later
  /// from the thread that finds out.
  func whenDurable(_ sequence: Int, _ body: @escaping @Sendable (ModelError?) -> Void) {
    let (isKnown, failure): (Bool, ModelError?) = state.withLock { state in
      if sequence <= state.durable { return (true, nil) }
      if let failure = state.failure { return (true, failure) }
      state.waiters.append((sequence, body))
      return (false, nil)
    }
    if isKnown { body(failure) }
  }

  /// Notes that changes up to this one are on disk, and tells those who waited, in the order of the changes.
  func advance(to sequence: Int) {
    let due = state.withLock { state in
      state.durable = max(state.durable, sequence)
      let end = state.waiters.partition { $0.sequence <= state.durable }
      defer { state.waiters.removeSubrange(end...) }
      return state.waiters[end...].sorted { $0.sequence < $1.sequence }
    }
    for waiter in due { waiter.body(nil) }
  }

  /// Notes that nothing more will be on disk, and tells all who wait.
  func fail(_ failure: ModelError) {
    let waiters = state.withLock { state in
      state.failure = failure
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.body(failure) }
  }
}
