/// What stands in front of an array's elements in an npy file.
///
/// NumPy's `numpy.lib.format` has the format: magic and version, the length of the text, and a dictionary as Python
/// writes it.
struct NpyHeader: Equatable {
  let dtype: DType
  let shape: [Int]
  /// Whether elements come with the first axis fastest.
  let isColumnMajor: Bool

  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  /// Bytes of magic and version.
  static let versionEnd = 8

  /// The type's name in the dictionary; nil for the one that NumPy does not have.
  static func description(of dtype: DType) -> String? {
    switch dtype {
    case .f64: "<f8"
    case .f32: "<f4"
    case .f16: "<f2"
    case .bf16: nil
    case .i64: "<i8"
    case .i32: "<i4"
    case .i16: "<i2"
    case .i8: "|i1"
    case .u8: "|u1"
    case .bool: "|b1"
    }
  }

  /// The names of all types.
  static var descriptions: [String] { DType.allCases.compactMap(description) }

  /// The bytes in front of elements in row-major order, padded so that these begin at a multiple of 64.
  ///
  /// The type must be one that NumPy has.
  static func encode(_ dtype: DType, _ shape: [Int]) -> [UInt8] {
    guard let description = description(of: dtype) else { preconditionFailure("NumPy has no \(dtype)") }
    let extents = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
    let text = "{'descr': '\(description)', 'fortran_order': False, 'shape': (\(extents)), }"
    let unpadded = versionEnd + 2 + text.utf8.count + 1
    let paddingCount = (64 - unpadded % 64) % 64
    var bytes = magic + [1, 0]
    bytes.append(littleEndian: UInt16(text.utf8.count + paddingCount + 1))
    bytes += text.utf8
    bytes += repeatElement(UInt8(ascii: " "), count: paddingCount)
    bytes.append(UInt8(ascii: "\n"))
    return bytes
  }
}

extension [UInt8] {
  /// Appends an integer's bytes, the lowest first.
  mutating func append(littleEndian value: some FixedWidthInteger) {
    for shift in stride(from: 0, to: value.bitWidth, by: 8) { append(UInt8(truncatingIfNeeded: value >> shift)) }
  }
}
