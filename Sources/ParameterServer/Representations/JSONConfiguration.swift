import FoundationEssentials
public import HTTPServer
public import Optimizers

/// Configurations as JSON text.
public enum JSONConfiguration {
  /// The most bytes of a configuration.
  static let limit = 1 << 20

  /// Reads a text; throws `malformed-body` when it is not JSON.
  public static func value(of text: [UInt8]) throws(Problem) -> ConfigValue {
    do {
      return try JSONDecoder().decode(Node.self, from: Data(text)).value
    } catch {
      throw .malformedBody("the body is not JSON")
    }
  }

  /// Writes a value as text, keys sorted.
  static func text(of value: ConfigValue) throws(Problem) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return Array(try encoder.encode(Node(value: value)))
    } catch {
      throw .unencodable("\(error)")
    }
  }

  /// A value as JSON's coders see it.
  private struct Node: Codable {
    let value: ConfigValue

    init(value: ConfigValue) {
      self.value = value
    }

    init(from decoder: any Decoder) throws {
      if let object = try? decoder.container(keyedBy: Key.self) {
        let keys = object.allKeys.sorted { $0.stringValue < $1.stringValue }
        value = .object(
          try keys.map { ConfigValue.Member($0.stringValue, try object.decode(Node.self, forKey: $0).value) })
      } else if var list = try? decoder.unkeyedContainer() {
        var values: [ConfigValue] = []
        while !list.isAtEnd { values.append(try list.decode(Node.self).value) }
        value = .list(values)
      } else {
        value = try Self.scalar(try decoder.singleValueContainer())
      }
    }

    private static func scalar(_ container: any SingleValueDecodingContainer) throws -> ConfigValue {
      if container.decodeNil() { return .null }
      if let flag = try? container.decode(Bool.self) { return .flag(flag) }
      if let integer = try? container.decode(Int.self) { return .integer(integer) }
      if let number = try? container.decode(Double.self) { return .number(number) }
      return .string(try container.decode(String.self))
    }

    func encode(to encoder: any Encoder) throws {
      switch value {
      case .object(let members):
        var object = encoder.container(keyedBy: Key.self)
        for member in members { try object.encode(Node(value: member.value), forKey: Key(stringValue: member.name)) }
      case .list(let values):
        var list = encoder.unkeyedContainer()
        for value in values { try list.encode(Node(value: value)) }
      case .null:
        var container = encoder.singleValueContainer()
        try container.encodeNil()
      case .flag(let flag):
        var container = encoder.singleValueContainer()
        try container.encode(flag)
      case .integer(let integer):
        var container = encoder.singleValueContainer()
        try container.encode(integer)
      case .number(let number):
        var container = encoder.singleValueContainer()
        try container.encode(number)
      case .string(let string):
        var container = encoder.singleValueContainer()
        try container.encode(string)
      }
    }
  }

  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) {
      self.stringValue = stringValue
    }

    init?(intValue: Int) {
      return nil
    }
  }
}
