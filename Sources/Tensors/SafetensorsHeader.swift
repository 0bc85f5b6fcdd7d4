/// What stands in front of the data of a safetensors file: the tensors' descriptions and free text.
public struct SafetensorsHeader: Sendable, Equatable {
  /// Bytes of the length that a file begins with.
  public static let lengthPrefixByteCount = 8
  /// The longest header that is read, in bytes.
  public static let maximumByteCount = 16 << 20

  /// The strings of `__metadata__`.
  public let metadata: [String: String]
  /// The tensors in the order of their data: begin, end, bytes of the name.
  public let tensors: [TensorDescription]

  init(metadata: [String: String], tensors: [TensorDescription]) {
    self.metadata = metadata
    self.tensors = tensors
  }

  /// Bytes of data that follow the header.
  public var dataByteCount: Int { tensors.last?.range.upperBound ?? 0 }
}
