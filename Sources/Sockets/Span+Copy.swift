/// Copying bytes at once: loops over spans are compiled to several times as many instructions.
extension MutableSpan<UInt8> {
  /// Copies `bytes` to the front of the span, which must have room for them.
  package mutating func copy(_ bytes: Span<UInt8>) {
    precondition(bytes.count <= count)
    unsafe withUnsafeMutableBytes { target in
      unsafe bytes.withUnsafeBytes { unsafe target.copyMemory(from: $0) }
    }
  }
}

extension [UInt8] {
  /// Appends the bytes of a span.
  package mutating func append(contentsOf bytes: Span<UInt8>) {
    unsafe bytes.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
  }
}
