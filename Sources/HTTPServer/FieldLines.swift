public import HTTPTypes

/// Fields as they go over the wire, a line each: what many answers have in common is written once.
public struct FieldLines: Sendable {
  /// `Name: value` and CRLF for each field.
  private(set) var bytes: [UInt8] = []

  /// No lines.
  public init() {
    bytes.reserveCapacity(128)
  }

  /// A line for each field.
  public init(_ fields: HTTPFields) {
    self.init()
    for field in fields { append(field) }
  }

  /// Adds a line.
  public mutating func append(_ field: HTTPField) {
    begin(field.name)
    bytes += field.value.utf8
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

  /// The fields that the lines are. Cost: a string for each name and each value.
  var fields: HTTPFields {
    var fields = HTTPFields()
    for line in bytes.split(separator: .lineFeed) {
      guard let colon = line.firstIndex(of: UInt8(ascii: ":")),
        let name = HTTPField.Name(String(decoding: line[..<colon], as: UTF8.self))
      else { continue }
      // Behind the colon a blank, at the end CR.
      fields.append(
        HTTPField(name: name, value: String(decoding: line[colon...].dropFirst(2).dropLast(), as: UTF8.self)))
    }
    return fields
  }
}
