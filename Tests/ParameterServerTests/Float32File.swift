import Glibc

/// The elements of a safetensors file that holds float32 alone.
struct Float32File {
  private let bytes: [UInt8]
  private let start: Int

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    start = 8 + bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  var elementCount: Int { (bytes.count - start) / 4 }

  /// The one value that all these elements have; nil when they differ, or are not there.
  func value(in elements: Range<Int>) -> Float? {
    guard !elements.isEmpty, elements.upperBound <= elementCount else { return nil }
    return unsafe bytes.withUnsafeBytes { bytes in
      guard let first = unsafe bytes.baseAddress?.advanced(by: start + 4 * elements.lowerBound) else { return nil }
      // Each equals the next when the memory equals itself one element further: quick in debug builds too.
      guard unsafe memcmp(first, first + 4, 4 * (elements.count - 1)) == 0 else { return nil }
      return unsafe first.loadUnaligned(as: Float.self)
    }
  }
}
