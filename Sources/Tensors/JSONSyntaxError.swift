/// Where and how a text stops being JSON (RFC 8259).
public struct JSONSyntaxError: Error, Equatable, CustomStringConvertible {
  /// What is wrong at a place of the text.
  public enum Reason: Sendable, Equatable {
    /// The text ends inside a value.
    case unexpectedEnd
    /// Another byte than one of those the grammar allows here; the text names them.
    case expected(String)
    /// A number that the grammar does not know, such as `01`, `1.` or `+1`.
    case invalidNumber
    /// A backslash before another character than `"\/bfnrtu`, or `\u` without four hexadecimal digits.
    case invalidEscape
    /// Half of a surrogate pair.
    case loneSurrogate
    /// A control character inside a string.
    case controlCharacter
    /// Bytes that are not UTF-8.
    case invalidUTF8
    /// Arrays and objects nested deeper than any reader needs.
    case tooDeep
    /// Something after the end of the value.
    case trailingBytes
  }

  /// Byte offset from the beginning of the text.
  public let offset: Int
  /// What is wrong there.
  public let reason: Reason

  /// An error at a byte offset.
  public init(offset: Int, reason: Reason) {
    self.offset = offset
    self.reason = reason
  }

  /// A phrase for people, such as `expected ',' or '}' at byte 17`.
  public var description: String {
    let what =
      switch reason {
      case .unexpectedEnd: "the text ends too early"
      case .expected(let tokens): "expected \(tokens)"
      case .invalidNumber: "malformed number"
      case .invalidEscape: "malformed escape"
      case .loneSurrogate: "half a surrogate pair"
      case .controlCharacter: "control character in a string"
      case .invalidUTF8: "bytes that are not UTF-8"
      case .tooDeep: "nested too deeply"
      case .trailingBytes: "something after the end of the value"
      }
    return "\(what) at byte \(offset)"
  }
}
