import Dispatch
import Locks

/// Notes the first signal to stop, so that a benchmark ends between two rounds and takes its processes with it.
final class Interruption: Sendable {
  private let hasCome = Lock(false)

  init() {
    let signals = Signals()
    DispatchQueue.global().async { [self] in
      signals.wait()
      hasCome.withLock { $0 = true }
    }
  }

  /// Throws once the signal has come.
  func check() throws(Failure) {
    guard !hasCome.withLock({ $0 }) else { throw Failure(.software, "interrupted") }
  }
}
