import Dispatch
import Glibc
import Locks

/// SIGTERM and SIGINT: the first asks for a graceful stop, the second ends the process at once with 128 + its number.
///
/// SIGPIPE and SIGHUP do nothing from now on. One lives for as long as the process.
final class StopSignals: Sendable {
  private let first = DispatchSemaphore(value: 0)
  private let isStopping = Lock(false)
  private let queue = DispatchQueue(label: "signals")

  init() {
    for ignored in [SIGPIPE, SIGHUP] { signal(ignored, SIG_IGN) }
    for number in [SIGTERM, SIGINT] {
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

  /// Waits for the first of them.
  func wait() {
    first.wait()
  }

  private func received(_ number: Int32) {
    let isSecond = isStopping.withLock { isStopping in
      defer { isStopping = true }
      return isStopping
    }
    guard !isSecond else { _exit(128 + number) }
    first.signal()
  }
}
