/// A place in a JSON text and the steps forward from it; the text is passed to every step, nothing is built but strings.
package struct JSONCursor<Failure: JSONFailure> {
  /// The byte that is read next.
  package var offset: Int

  package init(offset: Int = 0) {
    self.offset = offset
  }

  /// How deep ignored values may nest: as deep as serde_json, which reads safetensors headers elsewhere, goes.
  private static var maximumDepth: Int { 127 }

  package func failure(_ reason: JSONSyntaxError.Reason, at offset: Int? = nil) -> Failure {
    Failure(syntax: JSONSyntaxError(offset: offset ?? self.offset, reason: reason))
  }

  /// The failure of finding anything but `tokens` here.
  package func unexpected(in text: Span<UInt8>, _ tokens: String) -> Failure {
    failure(offset < text.count ? .expected(tokens) : .unexpectedEnd)
  }

  /// The byte that is read next, nil at the end.
  @inline(__always)
  package func peek(in text: Span<UInt8>) -> UInt8? {
    offset < text.count ? text[offset] : nil
  }

  /// What kind of value comes next, in words.
  package func kind(in text: Span<UInt8>) -> String {
    switch peek(in: text) {
    case UInt8(ascii: "{"): "an object"
    case UInt8(ascii: "["): "a list"
    case UInt8(ascii: "\""): "a string"
    case UInt8(ascii: "t"): "true"
    case UInt8(ascii: "f"): "false"
    case UInt8(ascii: "n"): "null"
    default: "a number"
    }
  }

  @inline(__always)
  package mutating func skipWhitespace(in text: Span<UInt8>) {
    while offset < text.count {
      switch text[offset] {
      case 0x20, 0x0A, 0x0D, 0x09: offset += 1
      default: return
      }
    }
  }

  /// Steps over `byte` if it comes next.
  @inline(__always)
  package mutating func take(_ byte: Unicode.Scalar, in text: Span<UInt8>) -> Bool {
    guard offset < text.count, text[offset] == UInt8(ascii: byte) else { return false }
    offset += 1
    return true
  }

  /// Steps over `byte`, which the grammar asks for here.
  @inline(__always)
  package mutating func expect(_ byte: Unicode.Scalar, in text: Span<UInt8>) throws(Failure) {
    guard take(byte, in: text) else { throw unexpected(in: text, "'\(byte)'") }
  }

  /// The next member's key, the cursor on its value; nil past the closing brace.
  ///
  /// - Parameter first: true before the first call of an object, whose opening brace has been taken.
  package mutating func nextKey(in text: Span<UInt8>, first: inout Bool) throws(Failure) -> String? {
    guard try nextMember(in: text, first: &first) else { return nil }
    let key = try string(in: text)
    try colon(in: text)
    return key
  }

  /// Whether another element follows, the cursor on it; false past the closing bracket.
  ///
  /// - Parameter first: true before the first call of an array, whose opening bracket has been taken.
  package mutating func nextElement(in text: Span<UInt8>, first: inout Bool) throws(Failure) -> Bool {
    skipWhitespace(in: text)
    if first {
      first = false
      return !take("]", in: text)
    }
    if take("]", in: text) { return false }
    guard take(",", in: text) else { throw unexpected(in: text, "',' or ']'") }
    skipWhitespace(in: text)
    return true
  }

  /// Only white space may follow.
  package mutating func end(in text: Span<UInt8>) throws(Failure) {
    skipWhitespace(in: text)
    guard offset == text.count else { throw failure(.trailingBytes) }
  }

  /// Steps over any value, checking its syntax.
  package mutating func skipValue(in text: Span<UInt8>, depth: Int = 1) throws(Failure) {
    switch peek(in: text) {
    case UInt8(ascii: "\""):
      try skipString(in: text)
    case UInt8(ascii: "{"):
      guard depth <= Self.maximumDepth else { throw failure(.tooDeep) }
      offset += 1
      var first = true
      while try nextMember(in: text, first: &first) {
        try skipString(in: text)
        try colon(in: text)
        try skipValue(in: text, depth: depth + 1)
      }
    case UInt8(ascii: "["):
      guard depth <= Self.maximumDepth else { throw failure(.tooDeep) }
      offset += 1
      var first = true
      while try nextElement(in: text, first: &first) {
        try skipValue(in: text, depth: depth + 1)
      }
    case UInt8(ascii: "t"): try literal("true", in: text)
    case UInt8(ascii: "f"): try literal("false", in: text)
    case UInt8(ascii: "n"): try literal("null", in: text)
    default:
      guard isNumber(in: text) else { throw unexpected(in: text, "a value") }
      _ = try number(in: text)
    }
  }

  /// Steps over one of `true`, `false` and `null`.
  package mutating func literal(_ word: StaticString, in text: Span<UInt8>) throws(Failure) {
    for byte in String(describing: word).utf8 {
      guard offset < text.count, text[offset] == byte else { throw unexpected(in: text, "'\(word)'") }
      offset += 1
    }
  }

  /// Whether another member follows, the cursor on its key.
  private mutating func nextMember(in text: Span<UInt8>, first: inout Bool) throws(Failure) -> Bool {
    skipWhitespace(in: text)
    if take("}", in: text) { return false }
    if first {
      first = false
    } else {
      guard take(",", in: text) else { throw unexpected(in: text, "',' or '}'") }
      skipWhitespace(in: text)
    }
    guard peek(in: text) == UInt8(ascii: "\"") else { throw unexpected(in: text, "a key") }
    return true
  }

  private mutating func colon(in text: Span<UInt8>) throws(Failure) {
    skipWhitespace(in: text)
    try expect(":", in: text)
    skipWhitespace(in: text)
  }
}
