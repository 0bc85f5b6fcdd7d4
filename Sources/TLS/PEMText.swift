internal import COpenSSL

/// Owns a copy of text in PEM form, which is read item by item.
@safe struct PEMText: ~Copyable {
  private let bio: OpaquePointer

  init(_ bytes: [UInt8]) throws(TLSError) {
    guard let count = Int32(exactly: bytes.count), let bio = unsafe BIO_new(BIO_s_mem()) else {
      throw .unavailable(reason: "no memory for a file")
    }
    guard unsafe bytes.isEmpty || BIO_write(bio, bytes, count) == count else {
      unsafe BIO_free(bio)
      throw .unavailable(reason: "no memory for a file")
    }
    unsafe self.bio = unsafe bio
  }

  deinit {
    unsafe BIO_free(bio)
  }

  /// The next certificate; nil when there is no further one.
  func nextCertificate() throws(TLSError) -> Certificate? {
    ErrorQueue.clear()
    guard let pointer = unsafe PEM_read_bio_X509(bio, nil, nil, nil) else {
      guard swa_is_end_of_pem() == 0 else {
        ErrorQueue.clear()
        return nil
      }
      throw .malformedCertificate(reason: ErrorQueue.takeReason() ?? "unknown")
    }
    return unsafe Certificate(pointer)
  }

  /// The next private key.
  func privateKey() throws(TLSError) -> PrivateKey {
    ErrorQueue.clear()
    var isEncrypted: Int32 = 0
    guard let pointer = unsafe swa_read_key(bio, &isEncrypted) else {
      let reason = ErrorQueue.takeReason() ?? "unknown"
      throw isEncrypted == 0 ? .malformedKey(reason: reason) : .encryptedKey
    }
    return unsafe PrivateKey(pointer)
  }
}
