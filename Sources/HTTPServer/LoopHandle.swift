internal import Sockets

/// What other threads hold of an event loop.
final class LoopHandle: Sendable {
  /// What they tell it.
  enum Message: Sendable {
    /// A connection's responder has news, or its turn was cut short.
    case goOn(UInt64)
    /// A worker has done with a connection for now.
    case returned(UInt64, Turn)
    /// No worker came free for a connection in time.
    case unserved(UInt64)
    /// A connection's content has lost its share of the budget.
    case revoked(UInt64)
    case stop(deadline: MonotonicTime)
  }

  let mailbox: Mailbox<Message>
  let threads: LoopThreads

  init(_ mailbox: Mailbox<Message>, _ threads: LoopThreads) {
    self.mailbox = mailbox
    self.threads = threads
  }
}
