/// A time span in seconds as people write it: `10`, `2.5`.
struct Seconds: Equatable, Sendable, CustomStringConvertible {
  let duration: Duration

  /// Reads a decimal number of seconds within `range`.
  init(_ text: String, in range: ClosedRange<Double>) throws(InvalidValue) {
    // Double's own reading takes "inf", "nan" and hexadecimal as well.
    let isDecimal = text.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || $0 == UInt8(ascii: ".") }
    guard isDecimal, let number = Double(text), range.contains(number) else {
      throw InvalidValue("must be seconds from \(Self.plain(range.lowerBound)) to \(Self.plain(range.upperBound))")
    }
    duration = .seconds(number)
  }

  init(_ number: Int) {
    duration = .seconds(number)
  }

  var description: String { "\(Self.plain(duration / .seconds(1))) s" }

  private static func plain(_ number: Double) -> String {
    Int(exactly: number).map { String($0) } ?? String(number)
  }
}
