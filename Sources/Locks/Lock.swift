public import Synchronization

/// A mutex around the state that it protects.
///
/// `Synchronization.Mutex` and nothing more, except for ThreadSanitizer, which does not see the mutex when threads
/// contend for it: builds that define `TSAN` tell it of the order between one holder and the next.
public struct Lock<State: ~Copyable>: ~Copyable {
  @usableFromInline let mutex: Mutex<State>
  #if TSAN
    @usableFromInline let token = Token()
  #endif

  /// A lock around `state`.
  @inlinable
  public init(_ state: consuming sending State) {
    mutex = Mutex(state)
  }

  /// Calls `body` with the state, after waiting for whoever has it.
  @inlinable
  public borrowing func withLock<Result: ~Copyable, E: Error>(
    _ body: (inout sending State) throws(E) -> sending Result
  ) throws(E) -> sending Result {
    #if TSAN
      try mutex.withLock { (state) throws(E) in
        AccessOrder.begin(token)
        defer { AccessOrder.end(token) }
        return try body(&state)
      }
    #else
      try mutex.withLock(body)
    #endif
  }

  /// Calls `body` with the state, or answers nil when somebody has it.
  @inlinable
  public borrowing func withLockIfAvailable<Result: ~Copyable, E: Error>(
    _ body: (inout sending State) throws(E) -> sending Result
  ) throws(E) -> sending Result? {
    #if TSAN
      try mutex.withLockIfAvailable { (state) throws(E) in
        AccessOrder.begin(token)
        defer { AccessOrder.end(token) }
        return try body(&state)
      }
    #else
      try mutex.withLockIfAvailable(body)
    #endif
  }
}

extension Lock: Sendable where State: ~Copyable {}

#if TSAN
  /// Stands for a lock, which has no address of its own.
  @usableFromInline
  final class Token: Sendable {
    @usableFromInline
    init() {}
  }
#endif
