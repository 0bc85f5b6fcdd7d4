internal import Logging
internal import Sockets
internal import Synchronization

extension EventLoop {
  private static let acceptsPerEvent = 64
  /// Connections beyond the limit that are told so; further ones are closed without a word.
  static let refusedBeyondLimit = 64

  /// Takes connections that wait at `listener`, and answers whether more may; of those left over it is told again.
  @discardableResult
  func accept(from listener: Listener) -> Bool {
    for _ in 0..<Self.acceptsPerEvent {
      switch listener.accept() {
      case .none: return false
      case .exhausted:
        guard closeOldestIdle() else {
          pauseAccepting()
          return false
        }
      case .stream(let stream, let peer): admit(stream, peer: peer?.description ?? "")
      }
    }
    return true
  }

  private func admit(_ stream: SocketStream, peer: String) {
    let maximum = context.configuration.maximumConnections
    var isFull = context.openConnections.load(ordering: .relaxed) >= maximum
    if isFull { isFull = !closeOldestIdle() }
    guard context.openConnections.load(ordering: .relaxed) < maximum + Self.refusedBeyondLimit else { return }
    guard let index = add(stream, peer: peer) else { return }
    if isFull {
      turn(index) { $0.refuseForLackOfRoom(&$1, &$2) }
    } else {
      setIdle(index, true)
      let configuration = context.configuration
      setDeadline(index, place.now + (context.secure == nil ? configuration.idleTimeout : configuration.headTimeout))
    }
  }

  private func closeOldestIdle() -> Bool {
    guard let oldestIdle else { return false }
    remove(oldestIdle)
    return true
  }

  /// No descriptor is left: looking at the listeners at once would only say so again.
  private func pauseAccepting() {
    context.logger.warning("no descriptor is left for a connection; accepting again in 100 ms")
    for listener in listeners { poller.ignore(listener) }
    deadlines.add(place.now + .milliseconds(100), Self.acceptKey)
  }

  func resumeAccepting() {
    for (index, listener) in listeners.enumerated() {
      try? poller.watch(listener, token: Self.listenerToken(index))
    }
  }
}
