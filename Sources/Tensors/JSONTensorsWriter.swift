/// Writes tensors as JSON up to a limit.
struct JSONTensorsWriter {
  private(set) var bytes: [UInt8] = []
  private let limit: Int

  init(limit: Int) {
    self.limit = limit
  }

  mutating func write(
    _ tensors: [TensorDescription], in data: Region, member: String, metadata: [(String, String)]
  ) throws(JSONTooLong) {
    // A number has at least a digit and something behind it.
    var elementsLeft = limit / 2
    for tensor in tensors {
      elementsLeft -= tensor.elementCount
      guard elementsLeft >= 0 else { throw JSONTooLong(limit: limit) }
    }
    append("{\"metadata\":")
    bytes.append(jsonObject: metadata)
    append(",")
    bytes.append(jsonString: member)
    append(":{")
    for (index, tensor) in tensors.enumerated() {
      if index > 0 { append(",") }
      bytes.append(jsonString: tensor.name)
      append(":")
      try data.withBytes(in: tensor.range) { source throws(JSONTooLong) in
        try write(tensor, source)
      }
      try checkLimit()
    }
    append("}}\n")
    try checkLimit()
  }

  private mutating func write(_ tensor: TensorDescription, _ source: Span<UInt8>) throws(JSONTooLong) {
    guard tensor.dtype != .f32 || tensor.shape.contains(0) else {
      return try writeNumbers(tensor.dtype, shape: tensor.shape[...], source)
    }
    append("{\"dtype\":\"")
    append(tensor.dtype.rawValue)
    append("\",\"shape\":")
    bytes.append(jsonArray: tensor.shape)
    append(",\"data\":")
    try writeNumbers(tensor.dtype, shape: [tensor.elementCount], source)
    append("}")
  }

  private mutating func writeNumbers(
    _ dtype: DType, shape: ArraySlice<Int>, _ source: Span<UInt8>
  ) throws(JSONTooLong) {
    var index = 0
    switch dtype {
    case .f64:
      try writeList(shape, &index) { $0.append(Double(bitPattern: Conversion.integer(in: source, at: $1))) }
    case .f32:
      try writeList(shape, &index) { $0.append(Float(bitPattern: Conversion.integer(in: source, at: $1))) }
    case .f16:
      try writeList(shape, &index) { $0.append(Float16(bitPattern: Conversion.integer(in: source, at: $1))) }
    case .bf16:
      try writeList(shape, &index) {
        $0.append(BFloat16(bitPattern: Conversion.integer(in: source, at: $1)).shortestDouble)
      }
    case .i64: try writeList(shape, &index) { $0.append(Conversion.integer(in: source, at: $1) as Int64) }
    case .i32: try writeList(shape, &index) { $0.append(Conversion.integer(in: source, at: $1) as Int32) }
    case .i16: try writeList(shape, &index) { $0.append(Conversion.integer(in: source, at: $1) as Int16) }
    case .i8: try writeList(shape, &index) { $0.append(Conversion.integer(in: source, at: $1) as Int8) }
    case .u8: try writeList(shape, &index) { $0.append(Conversion.integer(in: source, at: $1) as UInt8) }
    case .bool: try writeList(shape, &index) { $0.append(source[$1] == 0 ? "false" : "true") }
    }
  }

  private mutating func writeList(
    _ shape: ArraySlice<Int>, _ index: inout Int, _ write: (inout Self, Int) -> Void
  ) throws(JSONTooLong) {
    guard let extent = shape.first else {
      write(&self, index)
      index += 1
      return try checkLimit()
    }
    append("[")
    for position in 0..<extent {
      if position > 0 { append(",") }
      try writeList(shape.dropFirst(), &index, write)
    }
    append("]")
  }

  private func checkLimit() throws(JSONTooLong) {
    guard bytes.count <= limit else { throw JSONTooLong(limit: limit) }
  }

  @inline(__always)
  private mutating func append(_ text: String) {
    bytes.append(contentsOf: text.utf8)
  }

  @inline(__always)
  private mutating func append(_ number: some FixedWidthInteger) {
    append(String(number))
  }

  @inline(__always)
  private mutating func append(_ number: some BinaryFloatingPoint & CustomStringConvertible) {
    guard number.isFinite else {
      return append(number.isNaN ? "\"NaN\"" : number.sign == .minus ? "\"-Infinity\"" : "\"Infinity\"")
    }
    let start = bytes.count
    append(number.description)
    // The fraction of a whole number is dropped; without it a negative zero would lose its sign in many readers.
    if bytes.suffix(2).elementsEqual(".0".utf8), bytes.count - start > 2, number != 0 || number.sign == .plus {
      bytes.removeLast(2)
    }
  }
}
