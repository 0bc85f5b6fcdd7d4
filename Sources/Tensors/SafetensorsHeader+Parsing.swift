extension SafetensorsHeader {
  /// The length of the header in bytes, from the first eight bytes of a file.
  public static func lengthPrefix(
    parsing bytes: Span<UInt8>, limits: SafetensorsLimits = .model
  ) throws(SafetensorsError) -> Int {
    guard bytes.count >= lengthPrefixByteCount else {
      throw .truncatedHeader(expected: lengthPrefixByteCount, came: bytes.count)
    }
    var length: UInt64 = 0
    for index in (0..<lengthPrefixByteCount).reversed() {
      length = length << 8 | UInt64(bytes[index])
    }
    guard length > 0 else { throw .headerNotObject }
    guard length <= UInt64(limits.headerByteCount) else {
      throw .headerTooLong(byteCount: length, limit: limits.headerByteCount)
    }
    return Int(length)
  }

  /// Reads a header without its length prefix and checks all that can be known of it: every byte of the data belongs to
  /// exactly one tensor, and every tensor has as many as its dtype and shape ask for.
  ///
  /// - Parameter dataByteCount: how much data follows, when that is known.
  /// - Complexity: linear in the length of the header, n log n in the tensors if they are not in the order of their data.
  public init(
    parsing header: Span<UInt8>, dataByteCount: Int?, limits: SafetensorsLimits = .model
  ) throws(SafetensorsError) {
    var reader = SafetensorsHeaderReader(limits)
    try reader.read(header)
    self.init(metadata: reader.metadata ?? [:], tensors: Self.inDataOrder(reader.tensors))
    try Self.checkPlaces(of: tensors)
    if let dataByteCount, dataByteCount != self.dataByteCount {
      throw .dataLength(expected: self.dataByteCount, came: dataByteCount)
    }
  }

  /// Tensors must cover the data from 0 on without a hole or an overlap.
  private static func checkPlaces(of tensors: [TensorDescription]) throws(SafetensorsError) {
    var end = 0
    for tensor in tensors {
      let begin = tensor.range.lowerBound
      guard begin <= end else { throw .hole(tensor: tensor.name, expected: end, came: begin) }
      guard begin == end else { throw .overlap(tensor: tensor.name, expected: end, came: begin) }
      end = tensor.range.upperBound
      guard end <= TensorDescription.maximumByteCount else { throw .sizeOverflow(tensor: tensor.name) }
    }
  }

  /// Tensors sorted by begin, end and bytes of the name.
  static func inDataOrder(_ tensors: [TensorDescription]) -> [TensorDescription] {
    zip(tensors, tensors.dropFirst()).allSatisfy { !liesBefore($1, $0) } ? tensors : tensors.sorted(by: liesBefore)
  }

  private static func liesBefore(_ one: TensorDescription, _ other: TensorDescription) -> Bool {
    if one.range.lowerBound != other.range.lowerBound { return one.range.lowerBound < other.range.lowerBound }
    if one.range.upperBound != other.range.upperBound { return one.range.upperBound < other.range.upperBound }
    return one.name.utf8.lexicographicallyPrecedes(other.name.utf8)
  }
}
