internal import COpenSSL
public import Sockets

/// What a server proves itself by and what it asks of its clients: makes its connections' streams.
///
/// TLS 1.2 and 1.3, forward secrecy and authenticated ciphers alone, no compression, no renegotiation, HTTP/1.1 by ALPN;
/// sessions resume by tickets. A context keeps nothing of its connections.
@safe public final class TLSContext: @unchecked Sendable {
  /// Of TLS 1.2; those of 1.3 are all of this kind.
  private static let ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20"
  private static let sessionContext: [UInt8] = Array("swa-server".utf8)

  let pointer: OpaquePointer
  let method: OpaquePointer

  /// A context of files' contents, all in PEM form: the server's certificate, with those of intermediate authorities
  /// behind it; its private key; and the authorities of which a client needs a certificate, nil when it needs none.
  public init(certificates: [UInt8], key: [UInt8], clientAuthorities: [UInt8]?) throws(TLSError) {
    OpenSSL.prepare()
    guard let pointer = unsafe SSL_CTX_new(TLS_server_method()) else {
      throw .unavailable(reason: ErrorQueue.takeReason() ?? "no context")
    }
    guard let method = unsafe TransportBIO.makeMethod() else {
      unsafe SSL_CTX_free(pointer)
      throw .unavailable(reason: "no memory")
    }
    unsafe self.pointer = unsafe pointer
    unsafe self.method = unsafe method
    try setDefaults()
    try use(PEMText(certificates), PEMText(key))
    if let clientAuthorities { try require(PEMText(clientAuthorities)) }
  }

  deinit {
    unsafe SSL_CTX_free(pointer)
    unsafe BIO_meth_free(method)
  }

  /// A stream under TLS over an accepted connection; nil when there is no memory for it.
  public func stream(over socket: SocketStream) -> TLSStream? {
    TLSStream(self, over: socket)
  }

  private func setDefaults() throws(TLSError) {
    unsafe swa_set_defaults(pointer)
    unsafe swa_select_http(pointer)
    guard unsafe swa_set_least_version(pointer) == 1, unsafe SSL_CTX_set_cipher_list(pointer, Self.ciphers) == 1,
      unsafe SSL_CTX_set_session_id_context(pointer, Self.sessionContext, UInt32(Self.sessionContext.count)) == 1
    else { throw .unavailable(reason: ErrorQueue.takeReason() ?? "no TLS 1.2") }
  }

  private func use(_ certificates: borrowing PEMText, _ key: borrowing PEMText) throws(TLSError) {
    guard let certificate = try certificates.nextCertificate() else { throw .noCertificate }
    let key = try key.privateKey()
    guard certificate.fits(key) else {
      ErrorQueue.clear()
      throw .keyMismatch
    }
    guard unsafe SSL_CTX_use_certificate(pointer, certificate.pointer) == 1,
      unsafe SSL_CTX_use_PrivateKey(pointer, key.pointer) == 1
    else { throw .unfitCertificate(reason: ErrorQueue.takeReason() ?? "unknown") }
    while let authority = try certificates.nextCertificate() {
      guard unsafe swa_add_to_chain(pointer, authority.pointer) == 1 else {
        throw .unfitCertificate(reason: ErrorQueue.takeReason() ?? "unknown")
      }
    }
  }

  private func require(_ authorities: borrowing PEMText) throws(TLSError) {
    var count = 0
    do throws(TLSError) {
      while let authority = try authorities.nextCertificate() {
        guard unsafe X509_STORE_add_cert(SSL_CTX_get_cert_store(pointer), authority.pointer) == 1,
          unsafe SSL_CTX_add_client_CA(pointer, authority.pointer) == 1
        else { throw .malformedAuthority(reason: ErrorQueue.takeReason() ?? "unknown") }
        count += 1
      }
    } catch {
      guard case .malformedCertificate(let reason) = error else { throw error }
      throw .malformedAuthority(reason: reason)
    }
    guard count > 0 else { throw .noAuthority }
    unsafe SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
  }
}
