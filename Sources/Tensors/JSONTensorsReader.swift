/// The first pass over JSON tensors: names, shapes and places, and all of the syntax.
struct JSONTensorsReader {
  /// The tensors in the order of the text.
  private(set) var entries: [JSONTensors.Entry] = []
  /// The strings of `metadata`.
  private(set) var metadata: [String: String] = [:]

  private var cursor = JSONCursor<JSONTensorsError>()
  private var names: Set<NameKey> = []

  mutating func read(_ text: Span<UInt8>, member: String) throws(JSONTensorsError) {
    cursor.skipWhitespace(in: text)
    guard cursor.take("{", in: text) else { throw .notObject(member: member, came: cursor.kind(in: text)) }
    var members: Set<String> = []
    var first = true
    while let key = try cursor.nextKey(in: text, first: &first) {
      guard members.insert(key).inserted else { throw .duplicateMember(key) }
      switch key {
      case member: try readTensors(text, member: member)
      case "metadata": try readMetadata(text)
      default: throw .unknownMember(key, expected: member)
      }
    }
    try cursor.end(in: text)
    guard members.contains(member) else { throw .missingMember(member) }
  }

  /// Takes the strings; other values, which nothing that is written here has, are stepped over.
  private mutating func readMetadata(_ text: Span<UInt8>) throws(JSONTensorsError) {
    guard cursor.take("{", in: text) else { return try cursor.skipValue(in: text) }
    var first = true
    while let key = try cursor.nextKey(in: text, first: &first) {
      guard cursor.peek(in: text) == UInt8(ascii: "\"") else {
        try cursor.skipValue(in: text)
        continue
      }
      guard metadata.updateValue(try cursor.string(in: text), forKey: key) == nil else { throw .duplicateMember(key) }
    }
  }

  private mutating func readTensors(_ text: Span<UInt8>, member: String) throws(JSONTensorsError) {
    guard cursor.take("{", in: text) else { throw .memberNotObject(member) }
    var first = true
    while let name = try cursor.nextKey(in: text, first: &first) {
      guard TensorDescription.isValid(name: name) else { throw .invalidName(name) }
      guard names.insert(NameKey(name)).inserted else { throw .duplicateName(name) }
      guard entries.count < TensorDescription.maximumCount else {
        throw .tooManyTensors(limit: TensorDescription.maximumCount)
      }
      let form: JSONTensors.Form
      if cursor.take("{", in: text) {
        form = try readObject(of: name, text)
      } else {
        form = .list(try readList(of: name, text))
      }
      entries.append(JSONTensors.Entry(name: name, form: form))
    }
  }

  private mutating func readList(of tensor: String, _ text: Span<UInt8>) throws(JSONTensorsError) -> JSONTensors.Numbers
  {
    var list = JSONNestedList(tensor: tensor)
    let start = cursor.offset
    try list.read(&cursor, text)
    return JSONTensors.Numbers(shape: list.shape, text: start..<cursor.offset)
  }

  private mutating func readObject(of tensor: String, _ text: Span<UInt8>) throws(JSONTensorsError) -> JSONTensors.Form
  {
    var fields: Set<String> = []
    var dtype: DType?
    var shape: [Int]?
    var lists: [String: JSONTensors.Numbers] = [:]
    var first = true
    while let field = try cursor.nextKey(in: text, first: &first) {
      guard fields.insert(field).inserted else { throw .duplicateField(tensor: tensor, field: field) }
      switch field {
      case "dtype": dtype = try readDType(of: tensor, text)
      case "shape": shape = try readShape(of: tensor, text)
      case "data", "indices", "values": lists[field] = try readList(of: tensor, text)
      default: throw .unknownField(tensor: tensor, field: field)
      }
    }
    if let indices = lists["indices"], let values = lists["values"], fields.count == 2 {
      return .sparse(indices: indices, values: values)
    }
    if fields.isSubset(of: ["indices", "values"]), let there = fields.first {
      throw .missingField(tensor: tensor, field: there == "indices" ? "values" : "indices")
    }
    guard let dtype else { throw .missingField(tensor: tensor, field: "dtype") }
    guard let shape else { throw .missingField(tensor: tensor, field: "shape") }
    guard let data = lists["data"] else { throw .missingField(tensor: tensor, field: "data") }
    guard fields.count == 3 else {
      throw .unknownField(tensor: tensor, field: lists["indices"] == nil ? "values" : "indices")
    }
    guard let byteCount = TensorDescription.byteCount(of: dtype, shape: shape) else {
      throw .sizeOverflow(tensor: tensor)
    }
    guard data.shape.count == 1 else { throw .dataNotFlat(tensor: tensor) }
    let count = byteCount / dtype.byteCount
    guard data.count == count else { throw .countMismatch(tensor: tensor, expected: count, came: data.count) }
    return .object(dtype, JSONTensors.Numbers(shape: shape, text: data.text))
  }

  private mutating func readDType(of tensor: String, _ text: Span<UInt8>) throws(JSONTensorsError) -> DType {
    guard cursor.peek(in: text) == UInt8(ascii: "\"") else { throw .dtypeNotString(tensor: tensor) }
    let name = try cursor.string(in: text)
    guard let dtype = DType(rawValue: name) else { throw .unknownDType(tensor: tensor, dtype: name) }
    return dtype
  }

  private mutating func readShape(of tensor: String, _ text: Span<UInt8>) throws(JSONTensorsError) -> [Int] {
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
}
