public import Tensors

/// The length and the checksum of a body, by which the same bytes are known again.
public struct BodyDigest: Sendable, Hashable {
  /// How many bytes there are.
  public private(set) var byteCount = 0
  /// Their checksum.
  public private(set) var checksum = CRC32C()

  /// Of no bytes.
  public init() {}

  /// Of a whole body.
  public init(of bytes: Span<UInt8>) {
    update(bytes)
  }

  /// One that was saved.
  init(byteCount: Int, checksum: CRC32C) {
    self.byteCount = byteCount
    self.checksum = checksum
  }

  /// Takes the next bytes in.
  public mutating func update(_ bytes: Span<UInt8>) {
    byteCount += bytes.count
    checksum.update(bytes)
  }
}

extension BodyDigest: CustomStringConvertible {
  /// A phrase for people.
  public var description: String {
    "\(byteCount) bytes with CRC-32C " + String(checksum.value, radix: 16, uppercase: true)
  }
}
