/// The numbers that JSON has no literals for, written as strings.
enum NonFinite {
  case nan
  case infinity
  case minusInfinity

  /// The number that stands, quotes included, in a part of a text.
  init?(_ text: Span<UInt8>, _ range: Range<Int>) {
    if Self.stands("\"NaN\"", text, range) {
      self = .nan
    } else if Self.stands("\"Infinity\"", text, range) {
      self = .infinity
    } else if Self.stands("\"-Infinity\"", text, range) {
      self = .minusInfinity
    } else {
      return nil
    }
  }

  /// The number.
  var double: Double {
    switch self {
    case .nan: .nan
    case .infinity: .infinity
    case .minusInfinity: -.infinity
    }
  }

  private static func stands(_ word: String, _ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
    let bytes = word.utf8.span
    guard bytes.count == range.count else { return false }
    for index in 0..<bytes.count where text[range.lowerBound + index] != bytes[index] { return false }
    return true
  }
}
