/// What a model says of one variable.
public struct Variable: Sendable, Equatable {
  /// 1 to 512 bytes without control characters or commas.
  public let name: String
  /// The type of its elements.
  public let dtype: DType
  /// The extent of each axis; empty for a scalar.
  public let shape: [Int]
  /// Whether gradients apply to it; a floating-point type then.
  public let isTrainable: Bool

  /// A variable; the product of `shape` and the element size must be known not to overflow.
  public init(name: String, dtype: DType, shape: [Int], isTrainable: Bool) {
    self.name = name
    self.dtype = dtype
    self.shape = shape
    self.isTrainable = isTrainable && dtype.isFloatingPoint
  }

  /// The product of the shape's extents.
  public var elementCount: Int { shape.reduce(1, *) }

  /// Bytes of all its elements.
  public var byteCount: Int { elementCount * dtype.byteCount }

  /// How many elements one index of axis 0 has; 1 for a scalar.
  public var rowElementCount: Int { shape.dropFirst().reduce(1, *) }
}
