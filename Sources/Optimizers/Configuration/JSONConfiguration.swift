public import Tensors

/// Configurations as JSON text (RFC 8259), members in the order of the text.
public enum JSONConfiguration {
  /// The most bytes of a configuration.
  public static let limit = 1 << 20
  /// How deep a configuration may nest.
  private static let maximumDepth = 32

  /// Reads a text; throws when it is not JSON, or an object in it has a member twice.
  public static func value(of text: Span<UInt8>) throws(JSONConfigurationError) -> ConfigValue {
    var cursor = JSONCursor<JSONConfigurationError>()
    cursor.skipWhitespace(in: text)
    let value = try value(&cursor, text, depth: 1)
    try cursor.end(in: text)
    return value
  }

  /// Writes a value as text.
  public static func string(of value: ConfigValue) -> String {
    String(decoding: text(of: value), as: UTF8.self)
  }

  /// Writes a value as text.
  public static func text(of value: ConfigValue) -> [UInt8] {
    var text: [UInt8] = []
    append(value, to: &text)
    return text
  }

  private static func value(
    _ cursor: inout JSONCursor<JSONConfigurationError>, _ text: Span<UInt8>, depth: Int
  ) throws(JSONConfigurationError) -> ConfigValue {
    switch cursor.peek(in: text) {
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      guard depth <= maximumDepth else { throw cursor.failure(.tooDeep) }
      return cursor.take("{", in: text)
        ? .object(try members(&cursor, text, depth: depth)) : .list(try elements(&cursor, text, depth: depth))
    case UInt8(ascii: "\""): return .string(try cursor.string(in: text))
    case UInt8(ascii: "t"):
      try cursor.literal("true", in: text)
      return .flag(true)
    case UInt8(ascii: "f"):
      try cursor.literal("false", in: text)
      return .flag(false)
    case UInt8(ascii: "n"):
      try cursor.literal("null", in: text)
      return .null
    default: return try number(&cursor, text)
    }
  }

  private static func members(
    _ cursor: inout JSONCursor<JSONConfigurationError>, _ text: Span<UInt8>, depth: Int
  ) throws(JSONConfigurationError) -> [ConfigValue.Member] {
    var members: [ConfigValue.Member] = []
    var names: Set<String> = []
    var first = true
    while let name = try cursor.nextKey(in: text, first: &first) {
      guard names.insert(name).inserted else { throw .duplicateMember(name) }
      members.append(ConfigValue.Member(name, try value(&cursor, text, depth: depth + 1)))
    }
    return members
  }

  private static func elements(
    _ cursor: inout JSONCursor<JSONConfigurationError>, _ text: Span<UInt8>, depth: Int
  ) throws(JSONConfigurationError) -> [ConfigValue] {
    try cursor.expect("[", in: text)
    var elements: [ConfigValue] = []
    var first = true
    while try cursor.nextElement(in: text, first: &first) {
      elements.append(try value(&cursor, text, depth: depth + 1))
    }
    return elements
  }

  private static func number(
    _ cursor: inout JSONCursor<JSONConfigurationError>, _ text: Span<UInt8>
  ) throws(JSONConfigurationError) -> ConfigValue {
    guard cursor.isNumber(in: text) else { throw cursor.unexpected(in: text, "a value") }
    let range = try cursor.number(in: text)
    let digits = String(decoding: range.map { text[$0] }, as: UTF8.self)
    if let integer = Int(digits) { return .integer(integer) }
    guard let number = Double(digits) else { throw cursor.failure(.invalidNumber, at: range.lowerBound) }
    // Keras may write 10.0 for 10.
    if let integer = Int(exactly: number), digits.utf8.contains(UInt8(ascii: ".")) { return .integer(integer) }
    return .number(number)
  }

  private static func append(_ value: ConfigValue, to text: inout [UInt8]) {
    switch value {
    case .string(let string): text.append(jsonString: string)
    case .object(let members):
      for (index, member) in members.enumerated() {
        text.append(UInt8(ascii: index == 0 ? "{" : ","))
        text.append(jsonString: member.name)
        text.append(UInt8(ascii: ":"))
        append(member.value, to: &text)
      }
      text += members.isEmpty ? "{}".utf8 : "}".utf8
    case .list(let values):
      for (index, value) in values.enumerated() {
        text.append(UInt8(ascii: index == 0 ? "[" : ","))
        append(value, to: &text)
      }
      text += values.isEmpty ? "[]".utf8 : "]".utf8
    case .number(let number) where number.isInfinite:
      // JSON has no infinity; what is too large for float64 is read as one.
      text += number < 0 ? "-1e999".utf8 : "1e999".utf8
    case .null, .flag, .integer, .number: text += value.description.utf8
    }
  }
}

/// Why a text is not a configuration.
public enum JSONConfigurationError: Error, Equatable, CustomStringConvertible {
  /// The text is not JSON.
  case malformed(JSONSyntaxError)
  /// An object has a member twice.
  case duplicateMember(String)

  /// A phrase for people.
  public var description: String {
    switch self {
    case .malformed(let error): "not JSON: \(error)"
    case .duplicateMember(let name): "'\(name)' is there twice"
    }
  }
}

extension JSONConfigurationError: JSONFailure {
  package init(syntax: JSONSyntaxError) {
    self = .malformed(syntax)
  }
}
