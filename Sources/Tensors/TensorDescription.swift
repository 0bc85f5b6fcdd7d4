/// What a file's header says of one tensor.
public struct TensorDescription: Sendable, Equatable {
  /// The tensor's name.
  public let name: String
  /// The type of its elements.
  public let dtype: DType
  /// The extent of each axis; empty for a scalar.
  public let shape: [Int]
  /// Where its bytes lie, counted from the beginning of the data.
  public let range: Range<Int>
  /// Whether elements lie there with the first axis fastest, instead of the last.
  public let isColumnMajor: Bool

  /// A description whose range has `dtype.byteCount` × the product of `shape` bytes.
  public init(name: String, dtype: DType, shape: [Int], range: Range<Int>, isColumnMajor: Bool = false) {
    self.name = name
    self.dtype = dtype
    self.shape = shape
    self.range = range
    self.isColumnMajor = isColumnMajor
  }

  /// How many elements the tensor has.
  public var elementCount: Int { range.count / dtype.byteCount }
}
