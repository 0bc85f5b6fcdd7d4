/// Bytes both ways: a plain socket, TLS over one, or memory.
///
/// Used by one thread at a time, `shutdown` aside, which any thread may call.
public protocol ByteStream: AnyObject, Sendable {
  /// Whether what moves is protected on its way; then `open` comes first.
  var isSecure: Bool { get }

  /// Goes on with what comes before the first byte that is read or written.
  func open() -> Opening

  /// The name that the peer has proven, such as the subject of its certificate; nil where it has proven none.
  var peerName: String? { get }

  /// Reads what is there to the front of `span`, which is not empty. With `waits`, where nothing is there, waits a little
  /// for it (`SocketStream.patience`).
  ///
  /// Fewer bytes than the span holds mean that no more were there at that moment, so that nobody asks again before the
  /// next sign of readiness, unless `hasBufferedBytes` says otherwise.
  func read(into span: inout MutableSpan<UInt8>, waits: Bool) -> Transfer

  /// Writes as much of `span` as the transport takes now, with `waits` also what it takes a little later.
  ///
  /// After less than all of it the next write goes on with the bytes that follow.
  func write(_ span: Span<UInt8>, waits: Bool) -> Transfer

  /// Says that nothing more will be written; reading goes on. Answers what it waits for to say so, and is then called
  /// again; nil when that is done.
  func shutdownWrite() -> Readiness?

  /// Ends both directions and wakes whoever waits.
  func shutdown()

  /// Whether bytes, or the end, were taken from the transport that no `read` has given yet: no readiness will tell of
  /// them. Never after a read that would block.
  var hasBufferedBytes: Bool { get }
}

/// A stream that protects nothing has nothing to do before its first byte.
extension ByteStream {
  /// False.
  public var isSecure: Bool { false }
  /// Done at once.
  public func open() -> Opening { .done }
  /// None.
  public var peerName: String? { nil }
}

/// The outcome of one read or write.
public enum Transfer: Sendable, Equatable {
  /// So many bytes moved, at least one.
  case bytes(Int)
  /// Nothing moved; worth trying again when the transport is ready so.
  case wouldBlock(Readiness)
  /// The peer has ended, or the connection is broken.
  case end
}

/// How far the opening of a stream has come.
public enum Opening: Sendable, Equatable {
  /// It can be read and written.
  case done
  /// It goes on when the transport is ready so.
  case wouldBlock(Readiness)
  /// It never will be open; the reason is for logs. What the peer has been told of that is on its way.
  case failed(String)
}

/// What a transport can be ready for.
public enum Readiness: Sendable, Equatable {
  /// Bytes, or the end, can be read.
  case readable
  /// Bytes can be written.
  case writable
}
