internal import COpenSSL
internal import Sockets

/// How OpenSSL reads and writes a socket stream: without a signal when the peer is gone, and without waiting.
enum TransportBIO {
  /// What all of these have in common; its receiver owns it.
  static func makeMethod() -> OpaquePointer? {
    unsafe swa_bio_method(readTransport, writeTransport)
  }

  /// One over a stream, which must live as long.
  static func make(_ method: OpaquePointer, over stream: SocketStream) -> OpaquePointer? {
    guard let bio = unsafe BIO_new(method) else { return nil }
    unsafe BIO_set_data(bio, Unmanaged.passUnretained(stream).toOpaque())
    unsafe BIO_set_init(bio, 1)
    return unsafe bio
  }

  fileprivate static func stream(of bio: OpaquePointer) -> SocketStream? {
    guard let data = unsafe BIO_get_data(bio) else { return nil }
    return unsafe Unmanaged<SocketStream>.fromOpaque(data).takeUnretainedValue()
  }
}

private let readTransport: swa_bio_read = { bio, buffer, count in
  guard let bio = unsafe bio, let buffer = unsafe buffer, count > 0 else { return -1 }
  unsafe swa_bio_clear_retry(bio)
  let bytes = unsafe UnsafeMutableRawBufferPointer(start: buffer, count: Int(count))
  var span = unsafe MutableSpan<UInt8>(_unsafeBytes: bytes)
  switch unsafe TransportBIO.stream(of: bio)?.read(into: &span) {
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
  switch unsafe TransportBIO.stream(of: bio)?.write(Span<UInt8>(_unsafeBytes: bytes)) {
  case .bytes(let count): return Int32(count)
  case .wouldBlock:
    unsafe swa_bio_retry_write(bio)
    return -1
  case .end, nil: return -1
  }
}
