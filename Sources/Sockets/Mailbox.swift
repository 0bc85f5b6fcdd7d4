internal import CLinux
public import Locks

/// Messages from any thread to the one that waits in a poller.
public final class Mailbox<Message: Sendable>: Sendable {
  @usableFromInline let messages = Lock<[Message]>([])
  private let wakeup: Descriptor

  /// A mailbox whose owner is woken through `poller` with `token`.
  public init(waking poller: Poller, token: UInt64) throws(SocketError) {
    wakeup = try Descriptor(swa_eventfd_create(), from: "eventfd")
    try poller.watch(wakeup, token: token)
  }

  /// Leaves a message and wakes the owner.
  public func post(_ message: Message) {
    let wasEmpty = messages.withLock { messages in
      messages.append(message)
      return messages.count == 1
    }
    if wasEmpty { swa_eventfd_add(wakeup.number) }
  }

  /// Takes all messages in the order of posting.
  @inlinable
  public func take() -> [Message] {
    messages.withLock { messages in
      guard !messages.isEmpty else { return [] }
      defer { messages = [] }
      return messages
    }
  }
}
