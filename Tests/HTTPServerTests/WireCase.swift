import Testing

/// What a client sends, how it must be answered, and the paragraph that says so.
struct WireCase: Sendable, CustomTestStringConvertible {
  /// RFC and section.
  let paragraph: String
  let wire: [UInt8]
  /// The statuses of the answers, interim ones included.
  let statuses: [Int]
  /// Whether the connection ends behind the last of them; else the next request is answered.
  let closes: Bool

  init(_ paragraph: String, _ wire: String, _ statuses: Int..., closes: Bool = false) {
    self.paragraph = paragraph
    // One byte a character: what is no text can be named, too.
    self.wire = wire.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
    self.statuses = statuses
    self.closes = closes
  }

  /// A request that is refused, and nothing behind it is read.
  static func bad(_ paragraph: String, _ wire: String, _ status: Int = 400) -> WireCase {
    WireCase(paragraph, wire, status, closes: true)
  }

  var testDescription: String { "\(paragraph) \(String(decoding: wire.prefix(90), as: UTF8.self).debugDescription)" }
}
