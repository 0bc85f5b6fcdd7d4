internal import Sockets
internal import Locks

/// Where a responder leaves its answer and its connection finds it.
final class Ticket: Sendable {
  private enum State {
    /// The responder is out, and whoever has the connection will look here.
    case open
    /// The responder is out, and the connection waits on its loop for word.
    case awaited
    case answered(Response)
    case work(@Sendable (consuming Responder) -> Void)
    /// The responder waits for news; `isKnown` when the connection's loop knows of that and waits for word.
    case waiting(until: MonotonicTime, WaitingBody, isKnown: Bool)
    /// The waiting has ended, and the connection's loop is to go on with the responder.
    case ended(WaitingBody, Waiting.End)
    /// The connection has ended or has taken the answer.
    case closed
  }

  /// What goes on with a responder that has waited; without one when there is nobody left to answer to.
  typealias WaitingBody = @Sendable (consuming Responder?, Waiting.End) -> Void

  /// What a connection finds.
  enum News {
    case none
    case answered(Response)
    case work(@Sendable (consuming Responder) -> Void)
    case waiting(until: MonotonicTime)
    case ended(WaitingBody, Waiting.End)
  }

  private let state = Lock(State.open)
  private let loop: LoopHandle?
  private let token: UInt64
  private let receiver: (@Sendable (Response) -> Void)?
  private let end: (@Sendable () -> Void)?

  /// A ticket of a connection; `end` is called when neither the connection nor a responder needs it any more.
  init(loop: LoopHandle, token: UInt64, end: (@Sendable () -> Void)?) {
    self.loop = loop
    self.token = token
    self.end = end
    receiver = nil
  }

  /// A ticket without a connection.
  init(receiver: @escaping @Sendable (Response) -> Void) {
    loop = nil
    token = 0
    end = nil
    self.receiver = receiver
  }

  deinit {
    end?()
  }

  var hasConnection: Bool { loop != nil }

  var isOnLoop: Bool { loop?.threads.containsCurrent ?? false }

  /// Takes the answer; only the first counts.
  func answer(_ response: Response) {
    if let receiver {
      let isFirst = state.withLock { state in
        guard case .open = state else { return false }
        state = .closed
        return true
      }
      if isFirst { receiver(response) }
      return
    }
    leave(.answered(response))
  }

  /// Takes work that must leave the loop.
  func hand(over work: @escaping @Sendable (consuming Responder) -> Void) {
    leave(.work(work))
  }

  /// Keeps the responder until there is news.
  func wait(until time: MonotonicTime, then body: @escaping WaitingBody) {
    leave(.waiting(until: time, body, isKnown: false))
  }

  /// Ends a waiting; without effect when there is none.
  func endWaiting(_ end: Waiting.End) {
    let wakes = state.withLock { state in
      guard case .waiting(_, let body, let isKnown) = state else { return false }
      state = .ended(body, end)
      return isKnown
    }
    if wakes { loop?.mailbox.post(.goOn(token)) }
  }

  private func leave(_ news: State) {
    let wakes = state.withLock { state in
      switch state {
      case .open:
        state = news
        return false
      case .awaited:
        state = news
        return true
      case .answered, .work, .waiting, .ended, .closed: return false
      }
    }
    if wakes { loop?.mailbox.post(.goOn(token)) }
  }

  /// Takes what the responder left; when there is nothing and `waits`, it will send word to the loop.
  func take(waits: Bool) -> News {
    state.withLock { state in
      switch state {
      case .open, .awaited:
        state = waits ? .awaited : .open
        return .none
      case .answered(let response):
        state = .closed
        return .answered(response)
      case .work(let work):
        state = .open
        return .work(work)
      case .waiting(let time, let body, _):
        guard waits else { return .none }
        state = .waiting(until: time, body, isKnown: true)
        return .waiting(until: time)
      case .ended(let body, let end):
        guard waits else { return .none }
        state = .open
        return .ended(body, end)
      case .closed: return .none
      }
    }
  }

  /// From now on an answer has no effect.
  func close() {
    let body: WaitingBody? = state.withLock { state in
      defer { state = .closed }
      switch state {
      case .waiting(_, let body, _), .ended(let body, _): return body
      case .open, .awaited, .answered, .work, .closed: return nil
      }
    }
    body?(nil, .over)
  }
}
