internal import COpenSSL

/// Owns an X.509 certificate.
@safe struct Certificate: ~Copyable {
  let pointer: OpaquePointer

  init(_ pointer: OpaquePointer) {
    unsafe self.pointer = unsafe pointer
  }

  deinit {
    unsafe X509_free(pointer)
  }

  /// Whether the key is this certificate's.
  func fits(_ key: borrowing PrivateKey) -> Bool {
    unsafe X509_check_private_key(pointer, key.pointer) == 1
  }
}

/// Owns a private key.
@safe struct PrivateKey: ~Copyable {
  let pointer: OpaquePointer

  init(_ pointer: OpaquePointer) {
    unsafe self.pointer = unsafe pointer
  }

  deinit {
    unsafe EVP_PKEY_free(pointer)
  }
}
