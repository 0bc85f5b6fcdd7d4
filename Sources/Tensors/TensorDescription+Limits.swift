extension TensorDescription {
  /// The most tensors that any format may bring.
  public static let maximumCount = 100_000
  /// The most axes of one tensor.
  public static let maximumDimensionCount = 32

  /// The longest name in bytes.
  public static let maximumNameByteCount = 512
  /// The longest name in a file: those of slots, and of halves of sparse gradients, are longer than their variables'.
  static let maximumNameByteCountInFiles = 2 * maximumNameByteCount

  /// Whether a tensor may be named so: 1 to `byteCount` bytes of UTF-8 without control characters and commas, which separate
  /// names in lists, and not `__metadata__`, which safetensors keeps for itself.
  public static func isValid(name: String, byteCount: Int = maximumNameByteCount) -> Bool {
    let bytes = name.utf8.span
    guard bytes.count >= 1, bytes.count <= byteCount else { return false }
    var previous: UInt8 = 0
    for index in bytes.indices {
      let byte = bytes[index]
      if byte < 0x20 || byte == 0x7F || byte == UInt8(ascii: ",") { return false }
      // U+0080 to U+009F, the other control characters, are C2 80 to C2 9F.
      if previous == 0xC2, byte < 0xA0 { return false }
      previous = byte
    }
    return name != "__metadata__"
  }

  /// The most bytes of all tensors of a file: twice what a process can address, so that sums and products of what a model
  /// is made of do not overflow.
  public static let maximumByteCount = 1 << 48

  /// Bytes that a tensor of `dtype` and `shape` takes; nil when they are more than any file's.
  ///
  /// An extent of 0 does not excuse the others: the elements of a row, of a column must be countable too.
  public static func byteCount(of dtype: DType, shape: [Int]) -> Int? {
    var count = dtype.byteCount
    for extent in shape where extent != 0 {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      if overflow || product > maximumByteCount { return nil }
      count = product
    }
    return shape.contains(0) ? 0 : count
  }
}
