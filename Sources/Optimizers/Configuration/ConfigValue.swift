/// A configuration as a tree: what JSON becomes at the edge, so that rules need to know no format.
public enum ConfigValue: Sendable, Equatable {
  /// JSON's null.
  case null
  /// A truth value.
  case flag(Bool)
  /// A number written without fraction or exponent that fits.
  case integer(Int)
  /// Any other number.
  case number(Double)
  /// Text.
  case string(String)
  /// A list.
  case list([ConfigValue])
  /// Members in order; names are distinct.
  case object([Member])

  /// A named value.
  public struct Member: Sendable, Equatable {
    /// The name.
    public let name: String
    /// The value.
    public var value: ConfigValue

    /// A member of an object.
    public init(_ name: String, _ value: ConfigValue) {
      self.name = name
      self.value = value
    }
  }

  /// The member of this name, when this is an object that has it.
  public subscript(name: String) -> ConfigValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }

  /// This value after a JSON merge patch (RFC 7396): objects merge, null removes, everything else replaces.
  public func merging(_ patch: ConfigValue) -> ConfigValue {
    guard case .object(let changes) = patch else { return patch }
    var members: [Member] = []
    if case .object(let own) = self { members = own }
    for change in changes {
      let index = members.firstIndex { $0.name == change.name }
      if change.value == .null {
        if let index { members.remove(at: index) }
      } else if let index {
        members[index].value = members[index].value.merging(change.value)
      } else {
        members.append(Member(change.name, ConfigValue.null.merging(change.value)))
      }
    }
    return .object(members)
  }
}

extension ConfigValue: CustomStringConvertible {
  /// The value as JSON would write it, for messages.
  public var description: String {
    switch self {
    case .null: "null"
    case .flag(let flag): "\(flag)"
    case .integer(let integer): "\(integer)"
    case .number(let number): "\(number)"
    case .string(let string): "\"\(string)\""
    case .list(let values): "[\(values.map(\.description).joined(separator: ","))]"
    case .object(let members):
      "{\(members.map { "\"\($0.name)\":\($0.value.description)" }.joined(separator: ","))}"
    }
  }
}
