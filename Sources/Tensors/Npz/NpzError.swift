/// The ways in which bytes are not an npz file that can be read here. Members are named without their `.npy`.
public enum NpzError: Error, Equatable {
  /// The file ends before its central directory does.
  case truncated
  /// The file goes on behind its end.
  case surplus
  /// What begins here is no record of an archive that may stand here.
  case unexpectedRecord(offset: Int, signature: UInt32)
  /// More tensors than are read.
  case tooManyTensors(limit: Int)
  /// A member's name is longer than any tensor's.
  case nameTooLong(offset: Int, byteCount: Int, limit: Int)
  /// A member's name is not UTF-8, or not marked as such where it holds more than ASCII.
  case nameNotUTF8(offset: Int)
  /// A member's name does not end in `.npy`.
  case notArray(file: String)
  /// A name that is empty, or holds a comma or a control character.
  case invalidName(String)
  /// Two members of one name (or two spellings of it that Unicode holds to be the same).
  case duplicateName(String)
  /// A member is encrypted.
  case encrypted(member: String)
  /// A member is compressed, by the method of this number.
  case compressed(member: String, method: UInt16)
  /// A member's general purpose flags say what is not known here.
  case unsupportedFlags(member: String, flags: UInt16)
  /// A member's extra field lacks the sizes that it should hold, or is cut short.
  case malformedExtraField(member: String)
  /// A member that is not compressed has two sizes.
  case twoSizes(member: String, stored: UInt64, original: UInt64)
  /// A member is not of the npy format.
  case notNpy(member: String)
  /// A member is of a version of the npy format that is not known here.
  case unknownVersion(member: String, major: UInt8, minor: UInt8)
  /// A member's npy header is longer than is read.
  case headerTooLong(member: String, byteCount: Int, limit: Int)
  /// A member's npy header is not a dictionary of descr, fortran_order and shape; the offset counts from its first byte.
  case malformedHeader(member: String, offset: Int, expected: String)
  /// A type that this library does not hold.
  case unsupportedDType(member: String, descr: String)
  /// A type whose bytes come in the other order.
  case bigEndian(member: String, descr: String)
  /// More dimensions than are read.
  case tooManyDimensions(member: String, limit: Int)
  /// The shape's product, or all bytes up to this array, are more than can be addressed.
  case sizeOverflow(member: String)
  /// A member is not as long as its npy header asks for; in bytes, header included.
  case sizeMismatch(member: String, expected: Int, came: UInt64)
  /// A member's bytes have another checksum than the archive says.
  case checksumMismatch(member: String, expected: UInt32, came: UInt32)
  /// The central directory, or a data descriptor, says something else of a member than what came.
  case memberMismatch(member: String, field: String, expected: UInt64, came: UInt64)
  /// The central directory has another member in this place.
  case memberOrder(expected: String, came: String)
  /// The end of the archive says something else of it than what came.
  case endMismatch(field: String, expected: UInt64, came: UInt64)
  /// The system has no memory for the data.
  case outOfMemory(byteCount: Int)
}

extension NpzError: CustomStringConvertible {
  /// A sentence for people that names the member, what was expected and what came.
  public var description: String {
    switch self {
    case .truncated: "the file ends before its central directory does"
    case .surplus: "the file goes on behind its end"
    case .unexpectedRecord(let offset, let signature):
      "at byte \(offset) begins no record of an archive that may stand there: its signature is "
        + String(signature, radix: 16)
    case .tooManyTensors(let limit): "more than \(limit) arrays"
    case .nameTooLong(let offset, let byteCount, let limit):
      "the member at byte \(offset) has a name of \(byteCount) bytes, at most \(limit) are read"
    case .nameNotUTF8(let offset): "the name of the member at byte \(offset) is not marked as UTF-8, or is none"
    case .notArray(let file): "the member '\(file)' is not an array: its name does not end in .npy"
    case .invalidName(let name):
      "invalid array name '\(name)': expected 1 to 512 bytes without commas and control characters"
    case .duplicateName(let name): "two arrays are named '\(name)'"
    case .encrypted(let member): "array '\(member)' is encrypted"
    case .compressed(let member, let method):
      "array '\(member)' is compressed by method \(method): write the file with numpy.savez, not savez_compressed"
    case .unsupportedFlags(let member, let flags):
      "array '\(member)' has the unknown flags \(String(flags, radix: 16))"
    case .malformedExtraField(let member): "the extra field of array '\(member)' is cut short or lacks its sizes"
    case .twoSizes(let member, let stored, let original):
      "array '\(member)' is not compressed, but said to take \(stored) bytes for \(original)"
    case .notNpy(let member): "array '\(member)' does not begin like an npy file"
    case .unknownVersion(let member, let major, let minor):
      "array '\(member)' has version \(major).\(minor) of the npy format; known are 1.0, 2.0 and 3.0"
    case .headerTooLong(let member, let byteCount, let limit):
      "the npy header of array '\(member)' is \(byteCount) bytes long, at most \(limit) are read"
    case .malformedHeader(let member, let offset, let expected):
      "the npy header of array '\(member)' is malformed: expected \(expected) at byte \(offset)"
    case .unsupportedDType(let member, let descr):
      "array '\(member)' has the type \(descr), supported are \(NpyHeader.descriptions.joined(separator: ", "))"
    case .bigEndian(let member, let descr):
      "array '\(member)' is big-endian, \(descr): convert it with astype(dtype.newbyteorder('<'))"
    case .tooManyDimensions(let member, let limit): "array '\(member)' has more than \(limit) dimensions"
    case .sizeOverflow(let member): "array '\(member)' has more elements than can be counted"
    case .sizeMismatch(let member, let expected, let came):
      "array '\(member)' needs \(expected) bytes by its type and shape, its header included; came \(came)"
    case .checksumMismatch(let member, let expected, let came):
      "array '\(member)' has the CRC-32 \(String(came, radix: 16)), expected \(String(expected, radix: 16))"
    case .memberMismatch(let member, let field, let expected, let came):
      "the archive says of array '\(member)' that its \(field) is \(came), expected \(expected)"
    case .memberOrder(let expected, let came):
      "the central directory lists '\(came)' where '\(expected)' came"
    case .endMismatch(let field, let expected, let came):
      "the end of the archive says that the \(field) is \(came), expected \(expected)"
    case .outOfMemory(let byteCount): "no memory for \(byteCount) bytes of data"
    }
  }
}
