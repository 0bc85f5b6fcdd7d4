import HTTPServer
import Locks
import ModelStore

/// The GETs that wait until the model is another than the one that they were told of.
final class LongPolls: Sendable {
  private struct State {
    var count = 0
    var next = 0
    var waiting: [Int: (isUnchanged: @Sendable (ModelStatus) -> Bool, waiting: Waiting)] = [:]
  }

  private let limit: Int
  private let state = Lock(State())

  /// Lets `limit` requests wait at a time.
  init(limit: Int) {
    self.limit = limit
  }

  /// How many wait now.
  var count: Int { state.withLock { $0.count } }

  /// Keeps a responder until a status is published that `isUnchanged` denies, or the waiting is over otherwise; then
  /// `body` has it, on the event loop, and is told whether there is time left to wait on.
  func wait(
    _ responder: consuming Responder, for duration: Duration, on model: Model,
    while isUnchanged: @escaping @Sendable (ModelStatus) -> Bool,
    then body: @escaping @Sendable (consuming Responder, Waiting.End) -> Void
  ) {
    let admitted: Int? = state.withLock { state in
      guard state.count < limit else { return nil }
      state.count += 1
      state.next += 1
      return state.next
    }
    guard let id = admitted else {
      return responder.respond(.busy("\(limit) requests wait already, as many as may"))
    }
    let waiting = responder.wait(for: duration) { [self] responder, end in
      remove(id)
      switch consume responder {
      case .some(let responder): body(responder, end)
      case .none: break
      }
    }
    state.withLock { $0.waiting[id] = (isUnchanged, waiting) }
    // A change between the look at the status that led here and now has told nobody.
    if !isUnchanged(model.status) { waiting.end() }
  }

  private func remove(_ id: Int) {
    state.withLock { state in
      state.count -= 1
      state.waiting[id] = nil
    }
  }

  /// Ends the waiting of those to whom this status is news.
  func take(_ status: ModelStatus) {
    let ended = state.withLock { state in state.waiting.values.filter { !$0.isUnchanged(status) } }
    for waiter in ended { waiter.waiting.end() }
  }

  /// Ends all waiting.
  func endAll() {
    let all = state.withLock { Array($0.waiting.values) }
    for waiter in all { waiter.waiting.end() }
  }
}
