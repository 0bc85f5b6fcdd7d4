internal import Sockets

extension EventLoop {
  /// What workers have at the end of the grace gets this long to notice that its transport has ended.
  private static let lastGrace = Duration.seconds(1)

  /// Accepts what waits and nothing more, and soon closes what stays idle; what is under way goes on until `deadline`.
  func stop(by deadline: MonotonicTime) {
    guard stopDeadline == nil else { return }
    stopDeadline = deadline
    deadlines.add(deadline, Self.withdrawKey)
    for listener in listeners {
      // As many as can have waited when the stop came.
      for _ in 0..<64 { guard accept(from: listener) else { break } }
      poller.ignore(listener)
      listener.stop()
    }
    listeners = []
    for index in slots.indices where slots[index].connection != nil && !slots[index].isLent {
      turn(index) { $0.stop(&$1, &$2) }
    }
  }

  /// Whether the loop can end; at the deadline it ends what is left.
  func isFinished(by deadline: MonotonicTime) -> Bool {
    if openCount == 0 { return true }
    guard place.now >= deadline else { return false }
    for index in slots.indices where slots[index].connection != nil {
      if slots[index].isLent {
        slots[index].connection?.stream.shutdown()
      } else {
        if slots[index].pause == .answer { turn(index) { $0.abandon(&$1, &$2) } }
        if slots[index].connection != nil, !slots[index].isLent { remove(index) }
      }
    }
    guard openCount > 0, place.now < deadline + Self.lastGrace else { return true }
    deadlines.add(place.now + .milliseconds(20), Self.withdrawKey)
    return false
  }
}
