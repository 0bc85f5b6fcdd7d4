internal import Sockets
internal import Synchronization

/// What other threads hold of an event loop.
final class LoopHandle: Sendable {
  /// What they tell it.
  enum Message: Sendable {
    /// A connection's responder has news.
    case answered(UInt64)
    /// A worker has done with a connection for now.
    case returned(UInt64, Turn)
    /// No worker came free for a connection in time.
    case unserved(UInt64)
    /// A connection's content has lost its share of the budget.
    case revoked(UInt64)
    case stop(deadline: MonotonicTime)
  }

  let mailbox: Mailbox<Message>
  private let thread = Atomic<UInt>(0)

  init(_ mailbox: Mailbox<Message>) {
    self.mailbox = mailbox
  }

  /// Notes that the loop runs on the present thread.
  func enter() {
    thread.store(SystemThread.current, ordering: .releasing)
  }

  var isCurrent: Bool { thread.load(ordering: .acquiring) == SystemThread.current }
}
