extension JSONTensors {
  /// Writes tensors, whose ranges refer to `data`, as one line of JSON: `{"metadata":{…},"variables":{…}}`.
  ///
  /// A tensor whose dtype or shape a nested list cannot give back, another dtype than float32 or an extent of 0, is
  /// written as an object. Floats are the shortest decimals that give back the same number of their type.
  /// - Parameters:
  ///   - member: the name of the object that holds the tensors.
  ///   - limit: the most bytes; no more than that are ever built.
  /// - Complexity: linear in the elements, about 0.1 µs each.
  public static func encode(
    _ tensors: [TensorDescription], in data: Region, member: String, metadata: [(String, String)], limit: Int
  ) throws(JSONTooLong) -> [UInt8] {
    var writer = JSONTensorsWriter(limit: limit)
    try writer.write(tensors, in: data, member: member, metadata: metadata)
    return writer.bytes
  }
}
