/// Configurations as Swift literals: `["optimizer": "SGD", "average_period": 5]`.
extension ConfigValue: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral, ExpressibleByStringLiteral,
  ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral, ExpressibleByNilLiteral
{
  /// An object.
  public init(dictionaryLiteral elements: (String, ConfigValue)...) {
    self = .object(elements.map { Member($0, $1) })
  }

  /// A list.
  public init(arrayLiteral elements: ConfigValue...) { self = .list(elements) }

  /// Text.
  public init(stringLiteral value: String) { self = .string(value) }

  /// A whole number.
  public init(integerLiteral value: Int) { self = .integer(value) }

  /// A number.
  public init(floatLiteral value: Double) { self = .number(value) }

  /// A truth value.
  public init(booleanLiteral value: Bool) { self = .flag(value) }

  /// JSON's null.
  public init(nilLiteral: ()) { self = .null }
}
