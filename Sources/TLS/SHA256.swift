internal import COpenSSL

/// The digest SHA-256 (FIPS 180-4).
public enum SHA256 {
  /// The 32 bytes of the digest of `bytes`.
  public static func digest(of bytes: Span<UInt8>) -> [UInt8] {
    OpenSSL.prepare()
    var digest = [UInt8](repeating: 0, count: 32)
    let isDone = unsafe bytes.withUnsafeBytes { source in
      unsafe digest.withUnsafeMutableBytes { target in
        unsafe EVP_Digest(
          source.baseAddress, source.count, target.baseAddress?.assumingMemoryBound(to: UInt8.self), nil, EVP_sha256(),
          nil)
      }
    }
    // A library without SHA-256 is none; a digest of zeros would make all tokens alike.
    precondition(isDone == 1, "OpenSSL has no SHA-256")
    return digest
  }
}
