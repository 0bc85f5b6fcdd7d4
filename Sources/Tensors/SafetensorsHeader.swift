/// What a safetensors header is read up to.
public struct SafetensorsLimits: Sendable {
  /// The longest header in bytes.
  let headerByteCount: Int
  /// The most tensors.
  let tensorCount: Int

  /// What a client may send.
  public static let model = SafetensorsLimits(
    headerByteCount: 16 << 20, tensorCount: TensorDescription.maximumCount)
  /// A checkpoint holds each variable several times.
  public static let checkpoint = SafetensorsLimits(
    headerByteCount: 1 << 30, tensorCount: 16 * TensorDescription.maximumCount)
}

/// What stands in front of the data of a safetensors file: the tensors' descriptions and free text.
public struct SafetensorsHeader: Sendable, Equatable {
  /// Bytes of the length that a file begins with.
  public static let lengthPrefixByteCount = 8

  /// The strings of `__metadata__`.
  public let metadata: [String: String]
  /// The tensors in the order of their data: begin, end, bytes of the name.
  public let tensors: [TensorDescription]

  init(metadata: [String: String], tensors: [TensorDescription]) {
    self.metadata = metadata
    self.tensors = tensors
  }

  /// The header of float32 tensors whose data follow one another.
  init(
    metadata: [String: String], float32 tensors: [(name: String, shape: [Int], count: Int)]
  ) throws(SafetensorsError) {
    var descriptions: [TensorDescription] = []
    var names: Set<NameKey> = []
    var end = 0
    guard tensors.count <= TensorDescription.maximumCount else {
      throw .tooManyTensors(limit: TensorDescription.maximumCount)
    }
    for (name, shape, count) in tensors {
      guard TensorDescription.isValid(name: name) else { throw .invalidName(name) }
      guard names.insert(NameKey(name)).inserted else { throw .duplicateName(name) }
      guard shape.allSatisfy({ $0 >= 0 }) else { throw .invalidShape(tensor: name) }
      guard shape.count <= TensorDescription.maximumDimensionCount else {
        throw .tooManyDimensions(tensor: name, limit: TensorDescription.maximumDimensionCount)
      }
      guard let byteCount = TensorDescription.byteCount(of: .f32, shape: shape) else {
        throw .sizeOverflow(tensor: name)
      }
      let came = count * DType.f32.byteCount
      guard byteCount == came else { throw .sizeMismatch(tensor: name, expected: byteCount, came: came) }
      descriptions.append(TensorDescription(name: name, dtype: .f32, shape: shape, range: end..<end + came))
      end += came
    }
    self.init(metadata: metadata, tensors: Self.inDataOrder(descriptions))
  }

  /// Bytes of data that follow the header.
  public var dataByteCount: Int { tensors.last?.range.upperBound ?? 0 }
}
