internal import Sockets

/// Where a connection stands when a thread has done with it for now.
struct Turn: Sendable {
  enum Pause: Sendable, Equatable {
    /// Its transport must become ready.
    case transport(Readiness)
    /// Its responder is elsewhere.
    case answer
    /// What comes next is the loop's: heads, and what comes after the last answer.
    case loop
    /// It could go on, but others have waited long enough.
    case yield
    /// It wants a worker.
    case worker
    case closed
  }

  let pause: Pause
  let deadline: MonotonicTime?
  /// Whether it waits for its next request and may be closed to make room.
  let isIdle: Bool
}
