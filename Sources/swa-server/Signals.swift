import Dispatch
import Glibc
import Locks

/// SIGTERM and SIGINT: the first asks for a graceful stop, the second ends the process at once with 128 + its number.
/// SIGHUP asks to read files again.
///
/// SIGPIPE and SIGXFSZ do nothing from now on. One lives for as long as the process.
final class Signals: Sendable {
  private let first = DispatchSemaphore(value: 0)
  private let isStopping = Lock(false)
  private let stop = Lock<(@Sendable () -> Void)?>(nil)
  private let reload = Lock<(@Sendable () -> Void)?>(nil)
  private let queue = DispatchQueue(label: "signals")

  init() {
    for ignored in [SIGPIPE, SIGXFSZ] { signal(ignored, SIG_IGN) }
    for number in [SIGTERM, SIGINT, SIGHUP] {
      // A shell without job control starts background commands with SIGINT ignored.
      signal(number, SIG_DFL)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      // The handler keeps the source alive.
      source.setEventHandler { [self] in
        _ = source
        received(number)
      }
      let registered = DispatchSemaphore(value: 0)
      source.setRegistrationHandler { registered.signal() }
      source.resume()
      // Until then the signal would end the process.
      registered.wait()
    }
  }

  /// Calls `handler` at the first that asks for a stop, unless another is set before; nil leaves it to `wait`.
  func onStop(_ handler: (@Sendable () -> Void)?) {
    stop.withLock { $0 = handler }
  }

  /// Waits for the first that asks for a stop.
  func wait() {
    first.wait()
  }

  /// Calls `handler` at each SIGHUP, one call after the other.
  func onHangUp(_ handler: @escaping @Sendable () -> Void) {
    reload.withLock { $0 = handler }
  }

  private func received(_ number: Int32) {
    guard number != SIGHUP else {
      reload.withLock { $0 }?()
      return
    }
    let isSecond = isStopping.withLock { isStopping in
      defer { isStopping = true }
      return isStopping
    }
    guard !isSecond else { _exit(128 + number) }
    stop.withLock { $0 }?()
    first.signal()
  }
}
