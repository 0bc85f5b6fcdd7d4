internal import CLinux
internal import Glibc

/// An epoll instance, and the events of its last wait.
public final class Poller: Sendable {
  private let descriptor: Descriptor

  /// A poller that watches nothing.
  public init() throws(SocketError) {
    descriptor = try Descriptor(swa_epoll_create(), from: "epoll_create1")
  }

  /// Watches a connection for its whole life, by edges: each change to readable or writable is told once, so that no
  /// further call is needed between requests.
  public func watch(_ stream: SocketStream, token: UInt64) throws(SocketError) {
    try set(EPOLL_CTL_ADD, stream.number, Self.readiness | Self.endings, token)
  }

  /// Tells of the connection's endings alone from now on, or again of everything, beginning with what it is ready for.
  public func mute(_ stream: SocketStream, token: UInt64, _ isMuted: Bool) {
    _ = swa_epoll_set(
      descriptor.number, EPOLL_CTL_MOD, stream.number, isMuted ? Self.endings : Self.readiness | Self.endings, token)
  }

  private static var readiness: UInt32 { EPOLLIN.rawValue | EPOLLOUT.rawValue }
  private static var endings: UInt32 { EPOLLRDHUP.rawValue | EPOLLET.rawValue }

  /// Watches a listening socket by level; of several loops one is woken.
  public func watch(_ listener: Listener, token: UInt64) throws(SocketError) {
    try set(EPOLL_CTL_ADD, listener.number, EPOLLIN.rawValue | EPOLLEXCLUSIVE.rawValue, token)
  }

  /// Watches a wake-up by edges: it need not be read.
  func watch(_ wakeup: borrowing Descriptor, token: UInt64) throws(SocketError) {
    try set(EPOLL_CTL_ADD, wakeup.number, EPOLLIN.rawValue | EPOLLET.rawValue, token)
  }

  /// Stops watching a listening socket.
  public func ignore(_ listener: Listener) {
    _ = swa_epoll_set(descriptor.number, EPOLL_CTL_DEL, listener.number, 0, 0)
  }

  private func set(_ operation: Int32, _ number: Int32, _ events: UInt32, _ token: UInt64) throws(SocketError) {
    let result = swa_epoll_set(descriptor.number, operation, number, events, token)
    guard result == 0 else { throw .call("epoll_ctl", errno: -result) }
  }

  /// Waits for events until `deadline`, without limit when it is nil; none when the deadline came first.
  public func wait(until deadline: MonotonicTime?, _ events: inout PollEvents) {
    var milliseconds: Int32 = -1
    if let deadline {
      let left = deadline.nanoseconds - MonotonicTime.now.nanoseconds
      // Rounded up: a wake-up before the deadline would only wait again.
      milliseconds = left <= 0 ? 0 : Int32(clamping: (left + 999_999) / 1_000_000)
    }
    let count = unsafe swa_epoll_wait(descriptor.number, &events.tokens, &events.masks, milliseconds)
    events.count = max(0, Int(count))
  }
}
