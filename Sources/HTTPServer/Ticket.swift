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
    /// The connection has ended or has taken the answer.
    case closed
  }

  /// What a connection finds.
  enum News {
    case none
    case answered(Response)
    case work(@Sendable (consuming Responder) -> Void)
  }

  private let state = Lock(State.open)
  private let loop: LoopHandle?
  private let token: UInt64
  private let receiver: (@Sendable (Response) -> Void)?

  init(loop: LoopHandle, token: UInt64) {
    self.loop = loop
    self.token = token
    receiver = nil
  }

  /// A ticket without a connection.
  init(receiver: @escaping @Sendable (Response) -> Void) {
    loop = nil
    token = 0
    self.receiver = receiver
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

  private func leave(_ news: State) {
    let wakes = state.withLock { state in
      switch state {
      case .open:
        state = news
        return false
      case .awaited:
        state = news
        return true
      case .answered, .work, .closed: return false
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
      case .closed: return .none
      }
    }
  }

  /// From now on an answer has no effect.
  func close() {
    state.withLock { $0 = .closed }
  }
}
