import HTTPTypes

/// What a client would prefer (RFC 7240): the first preference of each name, its parameters aside.
struct Preferences: Sendable {
  private var values: [String: String] = [:]

  /// Reads the Prefer field.
  init(_ call: Call) {
    guard let value = call.field(.prefer) else { return }
    for preference in Self.split(value[...], at: UInt8(ascii: ",")) {
      let first = Self.split(preference, at: UInt8(ascii: ";"))[0].trimmed
      guard !first.isEmpty else { continue }
      let end = first.utf8.firstIndex(of: UInt8(ascii: "=")) ?? first.endIndex
      let name = first[..<end].trimmed.lowercased()
      if values[name] == nil { values[name] = Self.unquoted(first[end...].dropFirst().trimmed) }
    }
  }

  /// The value of a preference, empty for one without; nil when it is not there. Names are in lower case.
  subscript(name: String) -> String? { values[name] }

  /// The seconds that a client would wait for an answer, at most those of a long poll; nil when it would not.
  var wait: Int? {
    guard let text = values["wait"], !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
      return nil
    }
    let seconds = min(Int(text) ?? .max, LongPoll.limit)
    return seconds > 0 ? seconds : nil
  }

  /// Pieces between separators that stand outside of quotes.
  private static func split(_ text: Substring, at separator: UInt8) -> [Substring] {
    var pieces: [Substring] = []
    var start = text.startIndex
    var isQuoted = false
    var isEscaped = false
    for index in text.utf8.indices {
      let byte = text.utf8[index]
      if isEscaped {
        isEscaped = false
      } else if isQuoted, byte == UInt8(ascii: "\\") {
        isEscaped = true
      } else if byte == UInt8(ascii: "\"") {
        isQuoted.toggle()
      } else if byte == separator, !isQuoted {
        pieces.append(text[start..<index])
        start = text.utf8.index(after: index)
      }
    }
    return pieces + [text[start...]]
  }

  private static func unquoted(_ word: Substring) -> String {
    guard word.count >= 2, word.first == "\"", word.last == "\"" else { return String(word) }
    var text = ""
    var isEscaped = false
    for character in word.dropFirst().dropLast() {
      if character == "\\", !isEscaped {
        isEscaped = true
      } else {
        text.append(character)
        isEscaped = false
      }
    }
    return text
  }
}
