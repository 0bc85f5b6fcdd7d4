internal import HTTPTypes

/// A request target, brought to origin form (RFC 9112, section 3.2).
struct RequestTarget {
  private(set) var text = "/"
  private(set) var path = "/"
  private(set) var query: String?
  /// The scheme of a target in absolute form, http of any other.
  private(set) var scheme = "http"
  /// The authority of a target in absolute form, which replaces the Host field.
  private(set) var authority: String?

  init() {}

  init(_ bytes: Span<UInt8>, _ range: Range<Int>, _ method: HTTPRequest.Method) throws(HeadError) {
    guard !range.isEmpty else { throw .malformedRequestLine }
    if method == .connect { throw .connectTarget }
    var range = range
    switch bytes[range.lowerBound] {
    case UInt8(ascii: "/"): break
    case UInt8(ascii: "*") where range.count == 1:
      guard method == .options else { throw .unsupportedTargetForm }
      (text, path) = ("*", "*")
      return
    default:
      range = try readAuthority(bytes, range)
      // OPTIONS of a URI without path and query is about the server (RFC 9112, section 3.2.4).
      if method == .options, range.isEmpty {
        (text, path) = ("*", "*")
        return
      }
    }
    try readOrigin(bytes, range)
  }

  /// Reads `http://authority` and answers what follows it.
  private mutating func readAuthority(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(HeadError) -> Range<Int> {
    var start = range.lowerBound
    if range.count > 7, bytes.matches("http://", in: start..<start + 7) {
      start += 7
    } else if range.count > 8, bytes.matches("https://", in: start..<start + 8) {
      start += 8
      scheme = "https"
    } else {
      throw .unsupportedTargetForm
    }
    var end = start
    while end < range.upperBound, bytes[end] != UInt8(ascii: "/"), bytes[end] != UInt8(ascii: "?") { end += 1 }
    // An http URI has a host that is not empty (RFC 9110, section 4.2.1).
    guard end > start, bytes[start] != UInt8(ascii: ":"), Authority.isSound(bytes, in: start..<end) else {
      throw .invalidTarget
    }
    authority = bytes.text(in: start..<end)
    return end..<range.upperBound
  }

  private mutating func readOrigin(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(HeadError) {
    var question: Int?
    var index = range.lowerBound
    while index < range.upperBound {
      let byte = bytes[index]
      guard ByteClass.target.contains(byte) else { throw .invalidTarget }
      if byte == UInt8(ascii: "%") {
        guard bytes.hasEscape(at: index, before: range.upperBound) else { throw .invalidPercentEncoding }
        index += 2
      } else if byte == UInt8(ascii: "?"), question == nil {
        question = index
      }
      index += 1
    }
    let pathEnd = question ?? range.upperBound
    // Of an absolute form the path may be empty.
    path = pathEnd == range.lowerBound ? "/" : bytes.text(in: range.lowerBound..<pathEnd) ?? "/"
    text = path
    if let question {
      let query = bytes.text(in: question + 1..<range.upperBound) ?? ""
      self.query = query
      text += "?" + query
    }
  }
}
