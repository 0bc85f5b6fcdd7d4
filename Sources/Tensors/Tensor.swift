/// One tensor in memory, elements in row-major order. Copies share their memory.
public struct Tensor: Sendable {
  /// The type of its elements.
  public let dtype: DType
  /// The extent of each axis; empty for a scalar.
  public let shape: [Int]
  package let region: Region
  package let offset: Int

  /// A tensor whose elements begin at some byte of a region.
  public init(dtype: DType, shape: [Int], in region: Region, at offset: Int = 0) {
    precondition(offset >= 0 && shape.reduce(dtype.byteCount, *) <= region.byteCount - offset)
    self.dtype = dtype
    self.shape = shape
    self.region = region
    self.offset = offset
  }

  /// A float32 tensor, of one axis unless `shape` says otherwise, which must have as many elements. Cost: a copy.
  ///
  /// Whoever makes large ones in a loop gives the same pool each time, so that their memory is recycled.
  public init(_ values: [Float], shape: [Int]? = nil, pool: RegionPool = RegionPool()) {
    self.init(values, .f32, shape, pool)
  }

  /// As above, of float64.
  public init(doubles values: [Double], shape: [Int]? = nil, pool: RegionPool = RegionPool()) {
    self.init(values, .f64, shape, pool)
  }

  /// As above, of 64-bit integers.
  public init(integers values: [Int64], shape: [Int]? = nil, pool: RegionPool = RegionPool()) {
    self.init(values, .i64, shape, pool)
  }

  /// Zeros of a floating-point compute type, float32 or float64.
  public static func zeros(_ dtype: DType, _ shape: [Int], pool: RegionPool = RegionPool()) -> Tensor {
    let count = shape.reduce(1, *)
    return dtype == .f64
      ? Tensor(doubles: Array(repeating: 0, count: count), shape: shape, pool: pool)
      : Tensor(Array(repeating: 0, count: count), shape: shape, pool: pool)
  }

  /// When the system has no memory left this traps, like any array.
  private init<T: BitwiseCopyable>(_ values: [T], _ dtype: DType, _ shape: [Int]?, _ pool: RegionPool) {
    let shape = shape ?? [values.count]
    precondition(shape.reduce(1, *) == values.count, "\(values.count) elements can't have the shape \(shape)")
    guard var region = try? Region(byteCount: values.count * dtype.byteCount, pool: pool) else {
      preconditionFailure("no memory for \(values.count) elements")
    }
    region.withMutableElements(of: T.self, at: 0, count: values.count) { elements in
      for index in elements.indices { elements[index] = values[index] }
    }
    self.init(dtype: dtype, shape: shape, in: region)
  }

  /// How many elements there are.
  public var elementCount: Int { shape.reduce(1, *) }

  /// Bytes of all elements.
  public var byteCount: Int { elementCount * dtype.byteCount }

  /// The elements, whatever their type as the nearest float32. Cost: a copy.
  public var floats: [Float] {
    var values = [Float](repeating: 0, count: elementCount)
    var span = values.mutableSpan
    withBytes { Conversion.convert($0, from: dtype, into: &span) }
    return values
  }

  /// The elements, whatever their type as the nearest float64. Cost: a copy.
  public var doubles: [Double] {
    var values = [Double](repeating: 0, count: elementCount)
    var span = values.mutableSpan
    withBytes { Conversion.convert($0, from: dtype, into: &span) }
    return values
  }

  /// Lends the elements' bytes, little-endian, for reading.
  public func withBytes<R: ~Copyable, E: Error>(_ body: (Span<UInt8>) throws(E) -> R) throws(E) -> R {
    try region.withBytes(in: offset..<offset + byteCount, body)
  }
}

extension Tensor: ExpressibleByArrayLiteral {
  /// A float32 tensor of one axis.
  public init(arrayLiteral elements: Float...) {
    self.init(elements)
  }
}
