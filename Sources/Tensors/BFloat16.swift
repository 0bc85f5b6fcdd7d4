/// The upper half of a float32: its range with 8 bits of precision.
@frozen
public struct BFloat16: Sendable, BitwiseCopyable, Equatable {
  /// Sign, 8 bits of exponent, 7 bits of fraction.
  public var bitPattern: UInt16

  /// The number with this encoding.
  @inlinable
  public init(bitPattern: UInt16) {
    self.bitPattern = bitPattern
  }
}
