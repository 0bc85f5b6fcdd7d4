internal import COpenSSL
public import Sockets

/// The server's end of a connection under TLS. Owns OpenSSL's handle of it.
@safe public final class TLSStream: ByteStream, @unchecked Sendable {
  /// The most that one read or write moves, so that whoever calls can account for it while it is in the cache.
  private static let pieceLimit = 256 << 10

  private let handle: OpaquePointer
  private let transport: Transport
  // OpenSSL's handle points into it.
  private let context: TLSContext
  private var isOpen = false
  /// Nothing can be said any more, not even goodbye.
  private var hasFailed = false
  /// The subject of the client's certificate (RFC 2253).
  public private(set) var peerName: String?
  /// Whether the last read left something behind.
  public private(set) var hasBufferedBytes = false

  init?(_ context: TLSContext, over socket: SocketStream) {
    guard let handle = unsafe SSL_new(context.pointer) else { return nil }
    transport = Transport(socket)
    guard let bio = unsafe TransportBIO.make(context.method, over: transport) else {
      unsafe SSL_free(handle)
      return nil
    }
    unsafe SSL_set_bio(handle, bio, bio)
    unsafe SSL_set_accept_state(handle)
    unsafe self.handle = unsafe handle
    self.context = context
  }

  deinit {
    // Who is closed without a word, such as an idle client, hears at least that it was not cut off.
    if isOpen { _ = sayGoodbye() }
    unsafe SSL_free(handle)
  }

  /// True.
  public var isSecure: Bool { true }

  /// Shakes hands.
  public func open() -> Opening {
    ErrorQueue.clear()
    let result = unsafe SSL_accept(handle)
    if result == 1 {
      isOpen = true
      peerName = subject
      return .done
    }
    if case .wouldBlock(let readiness) = failure(result) { return .wouldBlock(readiness) }
    return .failed(ErrorQueue.takeReason() ?? "the peer has ended the connection")
  }

  private var subject: String? {
    var text = [UInt8](repeating: 0, count: 1024)
    let count = unsafe swa_peer_name(handle, &text, Int32(text.count))
    return count < 0 ? nil : String(decoding: text.prefix(Int(count)), as: UTF8.self)
  }

  /// Decrypts what is there; of a stream that could not be opened gives what comes, for those who drop it.
  public func read(into span: inout MutableSpan<UInt8>, waits: Bool) -> Transfer {
    guard !hasFailed else { return isOpen ? .end : transport.socket.read(into: &span, waits: waits) }
    transport.begin(waits: waits)
    let room = min(span.count, Self.pieceLimit)
    var count = 0
    var obstacle: Transfer?
    ErrorQueue.clear()
    unsafe span.withUnsafeMutableBytes { bytes in
      while count < room, obstacle == nil {
        var moved = 0
        let result = unsafe SSL_read_ex(handle, bytes.baseAddress?.advanced(by: count), room - count, &moved)
        count += moved
        if result != 1 { obstacle = failure(result) }
        // For the first record alone.
        transport.begin(waits: false)
      }
    }
    switch obstacle {
    case nil: hasBufferedBytes = unsafe room < span.count || SSL_has_pending(handle) == 1
    // The next read says so at once, instead of waiting for a readiness that need not come.
    case .end, .wouldBlock(.writable): hasBufferedBytes = count > 0
    case .bytes, .wouldBlock(.readable): hasBufferedBytes = false
    }
    if count > 0 { return .bytes(count) }
    return obstacle ?? .end
  }

  /// Encrypts and writes record by record. What OpenSSL could not hand over of a record waits in its handle, and the next
  /// write begins with the same bytes.
  public func write(_ span: Span<UInt8>, waits: Bool) -> Transfer {
    guard !hasFailed else { return .end }
    transport.begin(waits: waits)
    defer { transport.begin(waits: false) }
    var count = 0
    var obstacle: Transfer?
    ErrorQueue.clear()
    unsafe span.withUnsafeBytes { bytes in
      while count < bytes.count, obstacle == nil {
        var moved = 0
        let result = unsafe SSL_write_ex(handle, bytes.baseAddress?.advanced(by: count), bytes.count - count, &moved)
        count += moved
        if result != 1 { obstacle = failure(result) }
      }
    }
    if count > 0 { return .bytes(count) }
    return obstacle ?? .bytes(0)
  }

  /// Sends close_notify (RFC 8446, section 6.1), then FIN.
  public func shutdownWrite() -> Readiness? {
    if isOpen, let readiness = sayGoodbye() { return readiness }
    return transport.socket.shutdownWrite()
  }

  /// Answers what it waits for.
  private func sayGoodbye() -> Readiness? {
    guard !hasFailed, unsafe SSL_get_shutdown(handle) & SSL_SENT_SHUTDOWN == 0 else { return nil }
    ErrorQueue.clear()
    let result = unsafe SSL_shutdown(handle)
    guard result < 0, case .wouldBlock(let readiness) = failure(result) else { return nil }
    return readiness
  }

  /// Ends both directions of the socket, without goodbye.
  public func shutdown() {
    transport.socket.shutdown()
  }

  /// What a call that did not succeed means.
  private func failure(_ result: Int32) -> Transfer {
    switch unsafe SSL_get_error(handle, result) {
    case SSL_ERROR_WANT_READ: return .wouldBlock(.readable)
    case SSL_ERROR_WANT_WRITE: return .wouldBlock(.writable)
    case SSL_ERROR_ZERO_RETURN: return .end
    default:
      hasFailed = true
      return .end
    }
  }
}
