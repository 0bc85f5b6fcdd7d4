/// Bytes both ways without waiting: a plain socket, TLS over one, or memory.
///
/// Used by one thread at a time, `shutdown` aside, which any thread may call.
public protocol ByteStream: AnyObject, Sendable {
  /// Reads what is there to the front of `span`, which is not empty.
  ///
  /// Fewer bytes than the span holds mean that no more were there at that moment, so that nobody asks again before the
  /// next sign of readiness.
  func read(into span: inout MutableSpan<UInt8>) -> Transfer

  /// Writes as much of `span` as the transport takes now.
  func write(_ span: Span<UInt8>) -> Transfer

  /// Says that nothing more will be written; reading goes on.
  func shutdownWrite()

  /// Ends both directions and wakes whoever waits.
  func shutdown()

  /// Waits until the transport is ready, at most `milliseconds`; false when it is not.
  func wait(for readiness: Readiness, milliseconds: Int) -> Bool

  /// Whether bytes were taken from the transport that no `read` has given yet: no readiness will tell of them.
  var hasBufferedBytes: Bool { get }
}

/// The outcome of one read or write that does not wait.
public enum Transfer: Sendable, Equatable {
  /// So many bytes moved, at least one.
  case bytes(Int)
  /// Nothing moved; worth trying again when the transport is ready so.
  case wouldBlock(Readiness)
  /// The peer has ended, or the connection is broken.
  case end
}

/// What a transport can be ready for.
public enum Readiness: Sendable, Equatable {
  /// Bytes, or the end, can be read.
  case readable
  /// Bytes can be written.
  case writable
}
