private import Locks

/// How many changes are on disk, and who waits for more of them.
final class Watermark: Sendable {
  private struct State {
    var durable: Int
    var failure: ModelError?
    /// In the order in which they came.
    var waiters: [Waiter] = []

    mutating func takeDue(_ sequence: Int) -> [Waiter] {
      let due = waiters.enumerated().filter { $1.sequence <= sequence }
      if due.count == waiters.count {
        waiters = []
      } else {
        waiters.removeAll { $0.sequence <= sequence }
      }
      return due.sorted { ($0.element.sequence, $0.offset) < ($1.element.sequence, $1.offset) }.map(\.element)
    }
  }

  private struct Waiter {
    let sequence: Int
    let body: @Sendable (ModelError?) -> Void
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
      state.waiters.append(Waiter(sequence: sequence, body: body))
      return (false, nil)
    }
    if isKnown { body(failure) }
  }

  /// Notes that changes up to this one are on disk, and tells those who waited, in the order of the changes and, for
  /// one change, in the order in which they came. Who asks meanwhile is told after them: what a change publishes comes
  /// before its answer.
  func advance(to sequence: Int) {
    for waiter in state.withLock({ $0.takeDue(sequence) }) { waiter.body(nil) }
    let rest = state.withLock { state in
      state.durable = max(state.durable, sequence)
      return state.takeDue(sequence)
    }
    for waiter in rest { waiter.body(nil) }
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
