internal import Sockets
internal import Locks

/// The threads of a server's event loops, where nothing may wait.
final class LoopThreads: Sendable {
  private let threads = Lock<[UInt]>([])

  /// Notes that a loop runs on the present thread.
  func enter() {
    let thread = SystemThread.current
    threads.withLock { $0.append(thread) }
  }

  /// The loop of the present thread has ended.
  func leave() {
    let thread = SystemThread.current
    threads.withLock { $0.removeAll { $0 == thread } }
  }

  /// Whether the present thread is one of them.
  var containsCurrent: Bool {
    let thread = SystemThread.current
    return threads.withLock { $0.contains(thread) }
  }
}
