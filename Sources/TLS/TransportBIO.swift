internal import COpenSSL
internal import Sockets

/// A socket stream as OpenSSL uses it, in several reads or writes for one of a `TLSStream`.
final class Transport {
  let socket: SocketStream
  private var waitsUntil: MonotonicTime?

  init(_ socket: SocketStream) {
    self.socket = socket
  }

  /// Says whether what follows may wait, all of it together as long as one read of the socket.
  func begin(waits: Bool) {
    waitsUntil = waits ? .now + SocketStream.patience : nil
  }

  var waits: Bool { waitsUntil.map { .now < $0 } ?? false }
}

/// How OpenSSL reads and writes a transport: without a signal when the peer is gone.
enum TransportBIO {
  /// What all of these have in common; its receiver owns it.
  static func makeMethod() -> OpaquePointer? {
    unsafe swa_bio_method(readTransport, writeTransport)
  }

  /// One over a stream, which must live as long.
  static func make(_ method: OpaquePointer, over transport: Transport) -> OpaquePointer? {
    guard let bio = unsafe BIO_new(method) else { return nil }
    unsafe BIO_set_data(bio, Unmanaged.passUnretained(transport).toOpaque())
    unsafe BIO_set_init(bio, 1)
    return unsafe bio
  }

  fileprivate static func transport(of bio: OpaquePointer) -> Transport? {
    guard let data = unsafe BIO_get_data(bio) else { return nil }
    return unsafe Unmanaged<Transport>.fromOpaque(data).takeUnretainedValue()
  }
}

private let readTransport: swa_bio_read = { bio, buffer, count in
  guard let bio = unsafe bio, let buffer = unsafe buffer, count > 0 else { return -1 }
  unsafe swa_bio_clear_retry(bio)
  let bytes = unsafe UnsafeMutableRawBufferPointer(start: buffer, count: Int(count))
  var span = unsafe MutableSpan<UInt8>(_unsafeBytes: bytes)
  let transport = unsafe TransportBIO.transport(of: bio)
  switch transport?.socket.read(into: &span, waits: transport?.waits ?? false) {
  case .bytes(let count): return Int32(count)
  case .wouldBlock:
    unsafe swa_bio_retry_read(bio)
    return -1
  case .end, nil: return 0
  }
}

private let writeTransport: swa_bio_write = { bio, buffer, count in
  guard let bio = unsafe bio, let buffer = unsafe buffer, count > 0 else { return -1 }
  unsafe swa_bio_clear_retry(bio)
  let bytes = unsafe UnsafeRawBufferPointer(start: buffer, count: Int(count))
  let transport = unsafe TransportBIO.transport(of: bio)
  switch unsafe transport?.socket.write(Span<UInt8>(_unsafeBytes: bytes), waits: transport?.waits ?? false) {
  case .bytes(let count): return Int32(count)
  case .wouldBlock:
    unsafe swa_bio_retry_write(bio)
    return -1
  case .end, nil: return -1
  }
}
