/// The ways in which certificates and keys can be unfit for a server. None holds anything of a key.
public enum TLSError: Error, Sendable, Equatable {
  /// The text holds no certificate (PEM).
  case noCertificate
  /// What looks like a certificate is none.
  case malformedCertificate(reason: String)
  /// OpenSSL does not take the certificate, for instance because it is too weak.
  case unfitCertificate(reason: String)
  /// The text holds no private key (PEM), or none that can be read.
  case malformedKey(reason: String)
  /// The private key has a passphrase, and nobody is there to type it.
  case encryptedKey
  /// The private key is another certificate's.
  case keyMismatch
  /// The text holds no certificate of an authority.
  case noAuthority
  /// An authority's certificate can't be read.
  case malformedAuthority(reason: String)
  /// OpenSSL itself fails.
  case unavailable(reason: String)
}

extension TLSError: CustomStringConvertible {
  /// A sentence for the operator.
  public var description: String {
    switch self {
    case .noCertificate: "holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)"
    case .malformedCertificate(let reason): "holds a certificate that can't be read: \(reason)"
    case .unfitCertificate(let reason): "holds a certificate that OpenSSL refuses: \(reason)"
    case .malformedKey(let reason): "holds no private key in PEM form that can be read: \(reason)"
    case .encryptedKey: "holds a key with a passphrase; the server takes keys without one"
    case .keyMismatch: "holds the private key of another certificate"
    case .noAuthority: "holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)"
    case .malformedAuthority(let reason): "holds a certificate that can't be read: \(reason)"
    case .unavailable(let reason): "OpenSSL fails: \(reason)"
    }
  }
}
