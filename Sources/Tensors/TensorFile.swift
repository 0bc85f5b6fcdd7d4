/// The tensors of a safetensors file in memory.
public struct TensorFile: Sendable {
  /// The tensors' descriptions and the file's metadata.
  public let header: SafetensorsHeader
  /// The data, to which the descriptions' ranges refer.
  public let data: Region
  private let indices: [NameKey: Int]

  /// A file whose data has arrived already, `header.dataByteCount` bytes of it.
  public init(header: SafetensorsHeader, data: Region) {
    precondition(data.byteCount == header.dataByteCount)
    self.header = header
    self.data = data
    indices = Dictionary(uniqueKeysWithValues: header.tensors.enumerated().map { (NameKey($1.name), $0) })
  }

  /// Reads a whole file. Cost: a copy of its data.
  public init(decoding bytes: Span<UInt8>, pool: RegionPool) throws(SafetensorsError) {
    let length = try SafetensorsHeader.lengthPrefix(parsing: bytes)
    let start = SafetensorsHeader.lengthPrefixByteCount + length
    guard start <= bytes.count else { throw .truncatedHeader(expected: start, came: bytes.count) }
    let header = try SafetensorsHeader(
      parsing: bytes.extracting(SafetensorsHeader.lengthPrefixByteCount..<start), dataByteCount: bytes.count - start)
    var data = try Self.region(byteCount: header.dataByteCount, pool: pool)
    data.withMutableBytes(in: 0..<data.byteCount) { target in
      for index in 0..<target.count { target[index] = bytes[start &+ index] }
    }
    self.init(header: header, data: data)
  }

  /// A file of float32 tensors, given in the order that their data shall have.
  ///
  ///     try TensorFile([("weights", [2, 2], [1, 2, 3, 4]), ("bias", [2], [0, 0])])
  ///
  /// Throws when names are invalid or come twice, or when a shape does not fit the number of its values.
  public init(
    _ tensors: [(name: String, shape: [Int], values: [Float])], metadata: [String: String] = [:],
    pool: RegionPool = RegionPool()
  ) throws(SafetensorsError) {
    let header = try SafetensorsHeader(
      metadata: metadata, float32: tensors.map { ($0.name, $0.shape, $0.values.count) })
    var data = try Self.region(byteCount: header.dataByteCount, pool: pool)
    var end = 0
    for tensor in tensors {
      data.withMutableElements(of: Float.self, at: end, count: tensor.values.count) { target in
        for index in 0..<target.count { target[index] = tensor.values[index] }
      }
      end += tensor.values.count * DType.f32.byteCount
    }
    self.init(header: header, data: data)
  }

  /// The strings of the file's `__metadata__`.
  public var metadata: [String: String] { header.metadata }

  /// The tensors in the order of their data.
  public var tensors: [TensorDescription] { header.tensors }

  /// The tensor with this name.
  public subscript(name: String) -> TensorDescription? {
    indices[NameKey(name)].map { header.tensors[$0] }
  }

  /// A tensor's elements, row-major, whatever their type as the nearest float32; nil when there is no such tensor.
  public func values(of name: String) -> [Float]? {
    self[name].map { tensor in
      var values = [Float](repeating: 0, count: tensor.elementCount)
      var span = values.mutableSpan
      data.withBytes(in: tensor.range) { Conversion.convert($0, from: tensor.dtype, into: &span) }
      return values
    }
  }

  /// Lends a tensor's elements, row-major, whatever their type as the nearest float32; nil when there is no such tensor.
  /// Float32 costs no copy where it is aligned.
  public func withValues<R, E: Error>(of name: String, _ body: (Span<Float>) throws(E) -> R) throws(E) -> R? {
    guard let tensor = self[name] else { return nil }
    if tensor.dtype == .f32 {
      return try data.withElements(of: Float.self, at: tensor.range.lowerBound, count: tensor.elementCount, body)
    }
    let values = values(of: name) ?? []
    return try body(values.span)
  }

  /// The whole file as bytes. Cost: a copy of its data.
  public func encoded() -> [UInt8] {
    let metadata = header.metadata.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    var bytes = SafetensorsHeader.encode(tensors: header.tensors, metadata: metadata)
    let start = bytes.count
    bytes.append(contentsOf: repeatElement(0, count: data.byteCount))
    var span = bytes.mutableSpan
    data.withBytes { source in
      for index in 0..<source.count { span[start &+ index] = source[index] }
    }
    return bytes
  }

  private static func region(byteCount: Int, pool: RegionPool) throws(SafetensorsError) -> Region {
    do {
      return try Region(byteCount: byteCount, pool: pool)
    } catch {
      throw .outOfMemory(byteCount: byteCount)
    }
  }
}
