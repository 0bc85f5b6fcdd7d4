extension SafetensorsHeader {
  /// A whole header, length prefix included, padded so that the data behind it begins at a multiple of 8.
  ///
  /// - Complexity: linear in the tensors.
  public static func encode(tensors: [TensorDescription], metadata: [(String, String)]) -> [UInt8] {
    let tail = tail(of: tensors)
    let (prefix, paddingCount) = prefix(metadata: metadata, tailByteCount: tail.count)
    return prefix + tail + repeatElement(UInt8(ascii: " "), count: paddingCount)
  }

  /// The part of a header that depends on the tensors alone: their entries and the closing brace.
  public static func tail(of tensors: [TensorDescription]) -> [UInt8] {
    var tail: [UInt8] = []
    for tensor in tensors {
      if !tail.isEmpty { tail.append(UInt8(ascii: ",")) }
      tail.append(jsonString: tensor.name)
      tail.append(contentsOf: ":{\"dtype\":\"".utf8)
      tail.append(contentsOf: tensor.dtype.rawValue.utf8)
      tail.append(contentsOf: "\",\"shape\":".utf8)
      tail.append(jsonArray: tensor.shape)
      tail.append(contentsOf: ",\"data_offsets\":".utf8)
      tail.append(jsonArray: [tensor.range.lowerBound, tensor.range.upperBound])
      tail.append(UInt8(ascii: "}"))
    }
    tail.append(UInt8(ascii: "}"))
    return tail
  }

  /// What stands before a tail, from the length prefix on, and how many spaces stand behind it.
  ///
  /// - Parameter tailByteCount: the length of a value of `tail(of:)`.
  /// - Complexity: linear in the metadata.
  public static func prefix(
    metadata: [(String, String)], tailByteCount: Int
  ) -> (bytes: [UInt8], paddingCount: Int) {
    var bytes = [UInt8](repeating: 0, count: lengthPrefixByteCount)
    bytes.reserveCapacity(256)
    bytes.append(UInt8(ascii: "{"))
    if !metadata.isEmpty {
      bytes.append(jsonString: "__metadata__")
      bytes.append(UInt8(ascii: ":"))
      bytes.append(jsonObject: metadata)
      // A tail of the brace alone has no tensor to be separated from.
      if tailByteCount > 1 { bytes.append(UInt8(ascii: ",")) }
    }
    let unpadded = bytes.count + tailByteCount
    let paddingCount = (8 - unpadded % 8) % 8
    let length = UInt64(unpadded + paddingCount - lengthPrefixByteCount)
    for index in 0..<lengthPrefixByteCount {
      bytes[index] = UInt8(truncatingIfNeeded: length >> (8 * UInt64(index)))
    }
    return (bytes, paddingCount)
  }
}
