/// A request that waits for news without a thread, until somebody ends the waiting, its time is over, its client goes
/// away, or the server stops.
public final class Waiting: Sendable {
  /// How a waiting ended.
  public enum End: Sendable {
    /// `Waiting.end` was called.
    case news
    /// The time is over, the server stops, or the client has ended its direction and may be gone: answer now.
    case over
  }

  private let ticket: Ticket

  init(_ ticket: Ticket) {
    self.ticket = ticket
  }

  /// Ends the waiting, from any thread; without effect when it has ended.
  public func end() {
    ticket.endWaiting(.news)
  }
}
