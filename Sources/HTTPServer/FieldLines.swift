public import HTTPTypes

/// Fields as they go over the wire, a line each: what many answers have in common is written once.
public struct FieldLines: Sendable, ExpressibleByDictionaryLiteral {
  /// `Name: value` and CRLF for each field.
  private(set) var bytes: [UInt8] = []

  /// A line for each field.
  public init(_ fields: HTTPFields) {
    bytes.reserveCapacity(128)
    for field in fields { append(field.name, field.value) }
  }

  /// A line for each name and value.
  public init(dictionaryLiteral elements: (HTTPField.Name, String)...) {
    bytes.reserveCapacity(128)
    for (name, value) in elements { append(name, value) }
  }

  /// Adds a line; what would end it early becomes blanks.
  public mutating func append(_ name: HTTPField.Name, _ value: String) {
    begin(name)
    let start = bytes.count
    bytes += value.utf8
    for index in start..<bytes.count where bytes[index] < .space { bytes[index] = .space }
    end()
  }

  /// Adds a line whose value is a whole number.
  public mutating func append(_ name: HTTPField.Name, _ number: Int) {
    begin(name)
    bytes.append(decimal: number)
    end()
  }

  private mutating func begin(_ name: HTTPField.Name) {
    bytes += name.rawName.utf8
    bytes.append(UInt8(ascii: ":"))
    bytes.append(.space)
  }

  private mutating func end() {
    bytes.append(.carriageReturn)
    bytes.append(.lineFeed)
  }
}
