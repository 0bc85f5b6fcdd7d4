import TLS

/// The files that the TLS options name.
struct TLSFiles {
  let certificates: NamedFile
  let key: NamedFile
  let clientAuthorities: NamedFile?

  /// The files; nil when the options want no TLS.
  init?(_ options: SecurityOptions) {
    guard let certificates = options.tlsCert, let key = options.tlsKey else { return nil }
    self.certificates = NamedFile(path: certificates)
    self.key = NamedFile(path: key)
    clientAuthorities = options.tlsClientCA.map { NamedFile(path: $0) }
  }

  /// Reads and checks them.
  func context() throws(Failure) -> TLSContext {
    let certificates = [UInt8](try certificates.read())
    let key = [UInt8](try key.read())
    var authorities: [UInt8]?
    if let clientAuthorities { authorities = [UInt8](try clientAuthorities.read()) }
    do throws(TLSError) {
      return try TLSContext(certificates: certificates, key: key, clientAuthorities: authorities)
    } catch {
      throw Failure(.usage, "\(place(of: error)) \(error)")
    }
  }

  /// The option and the file that an error is about.
  private func place(of error: TLSError) -> String {
    switch error {
    case .noCertificate, .malformedCertificate, .unfitCertificate: "--tls-cert \(certificates.path)"
    case .malformedKey, .encryptedKey, .keyMismatch: "--tls-key \(key.path)"
    case .noAuthority, .malformedAuthority: "--tls-client-ca \(clientAuthorities?.path ?? "")"
    case .unavailable: "TLS"
    }
  }
}
