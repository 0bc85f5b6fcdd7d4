/// Reads the JSON of a safetensors header, accepting what the format's own library does, and refusing duplicates.
struct SafetensorsHeaderReader {
  /// The tensors in the order of the text, each with as many bytes as its dtype and shape ask for.
  private(set) var tensors: [TensorDescription] = []
  /// The strings of `__metadata__`, nil without one.
  private(set) var metadata: [String: String]?

  private var cursor = JSONCursor<SafetensorsError>()
  private var names: Set<NameKey> = []
  private let limits: SafetensorsLimits

  /// Dtypes of the format that are not held here.
  private static let unsupported: Set<String> = [
    "F4", "F6_E2M3", "F6_E3M2", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "U16", "U32", "U64",
    "C64",
  ]

  init(_ limits: SafetensorsLimits) {
    self.limits = limits
  }

  mutating func read(_ text: Span<UInt8>) throws(SafetensorsError) {
    guard cursor.take("{", in: text) else { throw .headerNotObject }
    var first = true
    while let key = try cursor.nextKey(in: text, first: &first) {
      if key == "__metadata__" {
        try readMetadata(text)
      } else {
        try readTensor(key, text)
      }
    }
    try cursor.end(in: text)
  }

  private mutating func readMetadata(_ text: Span<UInt8>) throws(SafetensorsError) {
    guard metadata == nil else { throw .duplicateMetadata }
    metadata = [:]
    if cursor.peek(in: text) == UInt8(ascii: "n") { return try cursor.literal("null", in: text) }
    guard cursor.take("{", in: text) else { throw .metadataNotObject }
    var first = true
    while let key = try cursor.nextKey(in: text, first: &first) {
      guard cursor.peek(in: text) == UInt8(ascii: "\"") else { throw .metadataNotString(key: key) }
      guard metadata?.updateValue(try cursor.string(in: text), forKey: key) == nil else {
        throw .duplicateMetadataKey(key)
      }
    }
  }

  private mutating func readTensor(_ name: String, _ text: Span<UInt8>) throws(SafetensorsError) {
    guard TensorDescription.isValid(name: name, byteCount: TensorDescription.maximumNameByteCountInFiles) else {
      throw .invalidName(name)
    }
    guard names.insert(NameKey(name)).inserted else { throw .duplicateName(name) }
    guard tensors.count < limits.tensorCount else {
      throw .tooManyTensors(limit: limits.tensorCount)
    }
    guard cursor.take("{", in: text) else { throw .entryNotObject(tensor: name) }
    var dtype: DType?
    var shape: [Int]?
    var range: Range<Int>?
    var first = true
    while let field = try cursor.nextKey(in: text, first: &first) {
      switch field {
      case "dtype":
        guard dtype == nil else { throw .duplicateField(tensor: name, field: field) }
        dtype = try readDType(of: name, text)
      case "shape":
        guard shape == nil else { throw .duplicateField(tensor: name, field: field) }
        shape = try readShape(of: name, text)
      case "data_offsets":
        guard range == nil else { throw .duplicateField(tensor: name, field: field) }
        range = try readOffsets(of: name, text)
      default:
        // Left to later versions of the format.
        try cursor.skipValue(in: text)
      }
    }
    guard let dtype else { throw .missingField(tensor: name, field: "dtype") }
    guard let shape else { throw .missingField(tensor: name, field: "shape") }
    guard let range else { throw .missingField(tensor: name, field: "data_offsets") }
    guard let byteCount = TensorDescription.byteCount(of: dtype, shape: shape) else {
      throw .sizeOverflow(tensor: name)
    }
    guard byteCount == range.count else {
      throw .sizeMismatch(tensor: name, expected: byteCount, came: range.count)
    }
    tensors.append(TensorDescription(name: name, dtype: dtype, shape: shape, range: range))
  }

  private mutating func readDType(of tensor: String, _ text: Span<UInt8>) throws(SafetensorsError) -> DType {
    guard cursor.peek(in: text) == UInt8(ascii: "\"") else { throw .dtypeNotString(tensor: tensor) }
    let name = try cursor.string(in: text)
    if let dtype = DType(rawValue: name) { return dtype }
    throw Self.unsupported.contains(name)
      ? .unsupportedDType(tensor: tensor, dtype: name) : .unknownDType(tensor: tensor, dtype: name)
  }

  private mutating func readShape(of tensor: String, _ text: Span<UInt8>) throws(SafetensorsError) -> [Int] {
    guard cursor.take("[", in: text) else { throw .invalidShape(tensor: tensor) }
    var shape: [Int] = []
    var first = true
    while try cursor.nextElement(in: text, first: &first) {
      guard let extent = try cursor.size(in: text) else { throw .invalidShape(tensor: tensor) }
      guard shape.count < TensorDescription.maximumDimensionCount else {
        throw .tooManyDimensions(tensor: tensor, limit: TensorDescription.maximumDimensionCount)
      }
      shape.append(extent)
    }
    return shape
  }

  private mutating func readOffsets(of tensor: String, _ text: Span<UInt8>) throws(SafetensorsError) -> Range<Int> {
    guard cursor.take("[", in: text) else { throw .invalidOffsets(tensor: tensor) }
    var first = true
    guard try cursor.nextElement(in: text, first: &first), let begin = try cursor.size(in: text),
      try cursor.nextElement(in: text, first: &first), let end = try cursor.size(in: text),
      try !cursor.nextElement(in: text, first: &first), begin <= end
    else { throw .invalidOffsets(tensor: tensor) }
    return begin..<end
  }
}
