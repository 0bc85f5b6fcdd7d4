import FoundationEssentials
import Logging

/// Writes each log event as one line to stderr: nothing in a message or in metadata can start a second line.
struct LineLogHandler: LogHandler {
  var logLevel: Logger.Level
  var metadata: Logger.Metadata = [:]
  private let format: LogFormat

  init(level: Logger.Level, format: LogFormat) {
    logLevel = level
    self.format = format
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    StandardStream.error.write(line(for: event, at: .now))
  }

  /// The line with its line feed. The event's metadata wins over the logger's; keys are sorted.
  func line(for event: LogEvent, at time: Date) -> String {
    let time = time.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    var fields = metadata.merging(event.metadata ?? [:]) { _, new in new }
    if let error = event.error { fields["error"] = "\(error)" }
    let sorted = fields.sorted { $0.key < $1.key }
    switch format {
    case .text:
      let words = sorted.map { " \(Self.word($0.key))=\(Self.word("\($0.value)"))" }.joined()
      return "\(time) \(event.level) \(Self.escaped("\(event.message)", quotes: false))\(words)\n"
    case .json:
      let members = sorted.map { ",\(Self.quoted($0.key)):\(Self.quoted("\($0.value)"))" }.joined()
      return """
        {"time":"\(time)","level":"\(event.level)","message":\(Self.quoted("\(event.message)"))\
        \(members.isEmpty ? "" : ",\"metadata\":{\(members.dropFirst())}")}

        """
    }
  }

  /// The text as it is, or quoted where a space, an equals sign or a quote would make it ambiguous.
  private static func word(_ text: String) -> String {
    let isPlain = text.unicodeScalars.allSatisfy { $0 > " " && !"=\"\\\u{7F}".unicodeScalars.contains($0) }
    return isPlain && !text.isEmpty ? escaped(text, quotes: false) : quoted(text)
  }

  private static func quoted(_ text: String) -> String {
    "\"\(escaped(text, quotes: true))\""
  }

  /// The text with control characters, line separators included, as JSON escapes (RFC 8259, section 7).
  private static func escaped(_ text: String, quotes: Bool) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"" where quotes, "\\" where quotes:
        result += "\\\(scalar)"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default:
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
