import Optimizers

/// Configurations as Swift literals.
extension ConfigValue: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral,
  ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral, ExpressibleByNilLiteral
{
  init(dictionaryLiteral elements: (String, ConfigValue)...) {
    self = .object(elements.map { Member($0, $1) })
  }

  init(arrayLiteral elements: ConfigValue...) { self = .list(elements) }
  init(stringLiteral value: String) { self = .string(value) }
  init(integerLiteral value: Int) { self = .integer(value) }
  init(floatLiteral value: Double) { self = .number(value) }
  init(booleanLiteral value: Bool) { self = .flag(value) }
  init(nilLiteral: ()) { self = .null }

  /// An inner optimizer, or another class, with these fields.
  static func make(_ className: String, _ config: ConfigValue, module: String? = nil) -> ConfigValue {
    .object(
      [Member("class_name", .string(className)), Member("config", config)]
        + (module.map { [Member("module", .string($0))] } ?? []))
  }

  /// This object with a field more.
  func with(_ name: String, _ value: ConfigValue) -> ConfigValue {
    guard case .object(let members) = self else { return self }
    return .object(members.filter { $0.name != name } + [Member(name, value)])
  }
}
