internal import CLinux

/// The events that one wait of a poller told of.
public struct PollEvents {
  var tokens = [UInt64](repeating: 0, count: Int(SWA_EVENTS))
  var masks = [UInt32](repeating: 0, count: Int(SWA_EVENTS))
  /// How many there are.
  public internal(set) var count = 0

  /// Room for the events of one wait.
  public init() {}

  /// One event.
  public struct Event {
    /// The token that was given when watching began.
    public let token: UInt64
    /// Bytes or the end can be read.
    public let isReadable: Bool
    /// Bytes can be written.
    public let isWritable: Bool
    /// The peer has ended its direction, or the connection is broken.
    public let isHungUp: Bool
    /// Both directions are over.
    public let isBroken: Bool
  }

  /// The event at `index`, below `count`.
  public subscript(index: Int) -> Event {
    let mask = masks[index]
    let broken = mask & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0
    return Event(
      token: tokens[index], isReadable: broken || mask & (EPOLLIN.rawValue | EPOLLRDHUP.rawValue) != 0,
      isWritable: broken || mask & EPOLLOUT.rawValue != 0, isHungUp: broken || mask & EPOLLRDHUP.rawValue != 0,
      isBroken: broken)
  }
}
