internal import COpenSSL

/// The library below this module.
enum OpenSSL {
  /// Prepares the library before its first use in the process.
  ///
  /// By default its memory is freed when the process exits, under the feet of threads that are just ending and free
  /// their own part of it; the system frees it anyway.
  static func prepare() {
    _ = preparation
  }

  /// Its failure needs no look: whatever is asked of the library then fails too.
  private static let preparation = OPENSSL_init_crypto(UInt64(OPENSSL_INIT_NO_ATEXIT), nil)
}
