extension NpyHeader {
  /// The longest dictionary that is read: 32 axes take no more than 1 KiB.
  private static let longest = 64 << 10

  /// Bytes of the whole header, which `bytes` begin with; nil while too few have come to tell.
  static func byteCount(of bytes: Span<UInt8>, member: String) throws(NpzError) -> Int? {
    for index in 0..<min(magic.count, bytes.count) where bytes[index] != magic[index] { throw .notNpy(member: member) }
    guard bytes.count >= versionEnd else { return nil }
    let lengthByteCount: Int
    switch (bytes[6], bytes[7]) {
    case (1, 0): lengthByteCount = 2
    case (2, 0), (3, 0): lengthByteCount = 4
    case (let major, let minor): throw .unknownVersion(member: member, major: major, minor: minor)
    }
    guard bytes.count >= versionEnd + lengthByteCount else { return nil }
    let count =
      lengthByteCount == 2
      ? Int(bytes.littleEndian(UInt16.self, at: versionEnd)) : Int(bytes.littleEndian(UInt32.self, at: versionEnd))
    guard count <= longest else { throw .headerTooLong(member: member, byteCount: count, limit: longest) }
    return versionEnd + lengthByteCount + count
  }

  /// Reads a whole header, whose length `byteCount(of:member:)` gave.
  init(parsing bytes: Span<UInt8>, member: String) throws(NpzError) {
    var parser = NpyHeaderParser(member: member, offset: Self.versionEnd + (bytes[6] == 1 ? 2 : 4))
    self = try parser.read(bytes)
  }
}

/// Reads the dictionary of an npy header: the keys that NumPy writes, each once, in any order.
private struct NpyHeaderParser {
  let member: String
  var offset: Int

  mutating func read(_ text: Span<UInt8>) throws(NpzError) -> NpyHeader {
    var dtype: DType?
    var isColumnMajor: Bool?
    var shape: [Int]?
    try expect("{", in: text)
    while true {
      skipSpaces(in: text)
      if take("}", in: text) { break }
      let start = offset
      let key = try string(in: text)
      skipSpaces(in: text)
      try expect(":", in: text)
      skipSpaces(in: text)
      switch key {
      case "descr" where dtype == nil: dtype = try self.dtype(in: text)
      case "fortran_order" where isColumnMajor == nil: isColumnMajor = try truth(in: text)
      case "shape" where shape == nil: shape = try self.shape(in: text)
      default:
        offset = start
        throw failure("'descr', 'fortran_order' and 'shape', each once,")
      }
      skipSpaces(in: text)
      guard take(",", in: text) || peek(in: text) == UInt8(ascii: "}") else { throw failure("',' or '}'") }
    }
    guard let dtype, let isColumnMajor, let shape else {
      throw failure("'descr', 'fortran_order' and 'shape' before the end")
    }
    skipSpaces(in: text)
    guard offset == text.count else { throw failure("nothing more") }
    return NpyHeader(dtype: dtype, shape: shape, isColumnMajor: isColumnMajor)
  }

  private func failure(_ expected: String) -> NpzError {
    .malformedHeader(member: member, offset: offset, expected: expected)
  }

  private func peek(in text: Span<UInt8>) -> UInt8? { offset < text.count ? text[offset] : nil }

  private mutating func skipSpaces(in text: Span<UInt8>) {
    while let byte = peek(in: text), byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\n") { offset += 1 }
  }

  private mutating func take(_ byte: Unicode.Scalar, in text: Span<UInt8>) -> Bool {
    guard peek(in: text) == UInt8(ascii: byte) else { return false }
    offset += 1
    return true
  }

  private mutating func expect(_ byte: Unicode.Scalar, in text: Span<UInt8>) throws(NpzError) {
    guard take(byte, in: text) else { throw failure("'\(byte)'") }
  }

  /// A string of ASCII in either kind of quotes, without escapes.
  private mutating func string(in text: Span<UInt8>) throws(NpzError) -> String {
    guard let quote = peek(in: text), quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
      throw failure("a string")
    }
    offset += 1
    var content: [UInt8] = []
    while let byte = peek(in: text), byte != quote {
      guard byte >= 0x20, byte < 0x7F, byte != UInt8(ascii: "\\") else { throw failure("plain ASCII") }
      content.append(byte)
      offset += 1
    }
    guard offset < text.count else { throw failure("the end of a string") }
    offset += 1
    return String(decoding: content, as: UTF8.self)
  }

  private mutating func dtype(in text: Span<UInt8>) throws(NpzError) -> DType {
    // A list of fields, or a tuple of a type and a shape.
    guard peek(in: text) != UInt8(ascii: "["), peek(in: text) != UInt8(ascii: "(") else {
      throw .unsupportedDType(member: member, descr: "of structures")
    }
    let description = try string(in: text)
    if let dtype = DType.allCases.first(where: { NpyHeader.description(of: $0) == description }) { return dtype }
    let other = DType.allCases.first { dtype in
      dtype.byteCount > 1 && NpyHeader.description(of: dtype).map { ">" + $0.dropFirst() } == description
    }
    guard other == nil else { throw .bigEndian(member: member, descr: description) }
    throw .unsupportedDType(member: member, descr: "'\(description)'")
  }

  private mutating func truth(in text: Span<UInt8>) throws(NpzError) -> Bool {
    for (word, value) in [("True", true), ("False", false)] {
      let bytes = Array(word.utf8)
      guard offset + bytes.count <= text.count,
        bytes.indices.allSatisfy({ text[offset + $0] == bytes[$0] })
      else { continue }
      offset += bytes.count
      return value
    }
    throw failure("True or False")
  }

  private mutating func shape(in text: Span<UInt8>) throws(NpzError) -> [Int] {
    var shape: [Int] = []
    try expect("(", in: text)
    skipSpaces(in: text)
    while !take(")", in: text) {
      guard shape.count < TensorDescription.maximumDimensionCount else {
        throw .tooManyDimensions(member: member, limit: TensorDescription.maximumDimensionCount)
      }
      shape.append(try extent(in: text))
      skipSpaces(in: text)
      let hasComma = take(",", in: text)
      skipSpaces(in: text)
      // A number in parentheses is no tuple without its comma.
      guard hasComma || shape.count > 1 && peek(in: text) == UInt8(ascii: ")") else { throw failure("','") }
    }
    return shape
  }

  private mutating func extent(in text: Span<UInt8>) throws(NpzError) -> Int {
    var extent = 0
    let start = offset
    while let byte = peek(in: text), byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
      let (product, productOverflow) = extent.multipliedReportingOverflow(by: 10)
      let (sum, sumOverflow) = product.addingReportingOverflow(Int(byte - UInt8(ascii: "0")))
      guard !productOverflow, !sumOverflow else { throw .sizeOverflow(member: member) }
      extent = sum
      offset += 1
    }
    guard offset > start else { throw failure("a number or ')'") }
    return extent
  }
}

extension Span<UInt8> {
  /// The integer whose lowest byte is here; all its bytes must be.
  func littleEndian<T: FixedWidthInteger>(_: T.Type, at offset: Int) -> T {
    var value: T = 0
    for index in (0..<MemoryLayout<T>.size).reversed() { value = value << 8 | T(self[offset + index]) }
    return value
  }
}
