import HTTPTypes
import HTTPServer

/// The key of a push, from Idempotency-Key: a structured-field string (RFC 9651, section 3.3.3), or its characters bare.
enum IdempotencyKey {
  private static let limit = 255

  /// The key, its quotes taken off; throws when the field is there and is none.
  static func parse(_ fields: HTTPFields) throws(Problem) -> String? {
    guard let value = fields.value(of: .idempotencyKey) else { return nil }
    let bytes = Array(value.utf8)
    let key = bytes.first == UInt8(ascii: "\"") ? unquoted(bytes) : bytes
    guard let key, (1...limit).contains(key.count), key.allSatisfy({ (0x21...0x7E).contains($0) }) else {
      throw .invalidHeader(
        .idempotencyKey, expected: "1 to \(limit) visible ASCII characters, in double quotes or bare", came: value)
    }
    return String(decoding: key, as: UTF8.self)
  }

  /// What stands between the quotes; nil when the string is malformed.
  private static func unquoted(_ bytes: [UInt8]) -> [UInt8]? {
    var text: [UInt8] = []
    var rest = bytes.dropFirst()
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "\""): return rest.isEmpty ? text : nil
      case UInt8(ascii: "\\"):
        guard let escaped = rest.popFirst(), escaped == UInt8(ascii: "\"") || escaped == UInt8(ascii: "\\") else {
          return nil
        }
        text.append(escaped)
      default: text.append(byte)
      }
    }
    return nil
  }
}
