internal import HTTPTypes

/// Reads the lines of one complete head, each of which ends in CRLF.
struct HeadReader {
  private static let maximumFields = 1000

  private var method = HTTPRequest.Method.get
  private var target = RequestTarget()
  private var isHTTP10 = false
  private var fields = HTTPFields()
  private var host: String?
  private var contentLength: Int?
  private var hasTransferEncoding = false
  private var codings = 0
  private var chunkedCodings = 0
  private var endsInChunked = false
  private var fieldCount = 0
  private var closes = false
  private var expectation = Head.Expectation.none

  /// Reads `range`, from the request line to the empty line.
  mutating func read(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(HeadError) {
    var start = range.lowerBound
    var end = lineEnd(bytes, start)
    try readRequestLine(bytes, start..<end)
    start = end + 2
    while true {
      end = lineEnd(bytes, start)
      if end == start { return }
      try readField(bytes, start..<end)
      start = end + 2
    }
  }

  private func lineEnd(_ bytes: Span<UInt8>, _ start: Int) -> Int {
    bytes.firstIndex(of: .carriageReturn, in: start..<bytes.count) ?? bytes.count
  }

  /// Reads the request line, without its CRLF.
  mutating func readRequestLine(_ bytes: Span<UInt8>, _ line: Range<Int>) throws(HeadError) {
    guard let first = bytes.firstIndex(of: .space, in: line),
      let second = bytes.firstIndex(of: .space, in: first + 1..<line.upperBound)
    else { throw .malformedRequestLine }
    method = try Self.method(bytes, line.lowerBound..<first)
    try readVersion(bytes, second + 1..<line.upperBound)
    target = try RequestTarget(bytes, first + 1..<second, method)
  }

  private static func method(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(HeadError) -> HTTPRequest.Method {
    guard !range.isEmpty, range.allSatisfy({ ByteClass.token.contains(bytes[$0]) }), let name = bytes.text(in: range),
      let method = HTTPRequest.Method(rawValue: name)
    else { throw .invalidMethod }
    return method
  }

  /// HTTP-version (RFC 9112, section 2.3); a later minor version is spoken as 1.1.
  private mutating func readVersion(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(HeadError) {
    let lower = range.lowerBound
    guard range.count == 8, bytes.text(in: lower..<lower + 5) == "HTTP/", bytes[lower + 5].isDigit,
      bytes[lower + 6] == UInt8(ascii: "."), bytes[lower + 7].isDigit
    else { throw .malformedVersion }
    guard bytes[lower + 5] == UInt8(ascii: "1") else { throw .unsupportedVersion }
    isHTTP10 = bytes[lower + 7] == UInt8(ascii: "0")
  }

  private mutating func readField(_ bytes: Span<UInt8>, _ line: Range<Int>) throws(HeadError) {
    guard !bytes[line.lowerBound].isBlank else { throw .foldedField }
    var colon = line.lowerBound
    while colon < line.upperBound, ByteClass.token.contains(bytes[colon]) { colon += 1 }
    // A blank before the colon ends here too (RFC 9112, section 5.1).
    guard colon > line.lowerBound, colon < line.upperBound, bytes[colon] == UInt8(ascii: ":") else {
      throw .invalidFieldName
    }
    let name = line.lowerBound..<colon
    let value = bytes.trimmed(colon + 1..<line.upperBound)
    switch name.count {
    case 4 where bytes.matches("host", in: name):
      // Known to HTTPTypes as the authority, not as a field.
      return try readHost(bytes, value)
    case 6 where bytes.matches("expect", in: name):
      bytes.eachListElement(in: value) {
        let known = bytes.matches("100-continue", in: $0)
        if !known { expectation = .unknown } else if expectation == .none { expectation = .continue }
      }
    case 10 where bytes.matches("connection", in: name):
      bytes.eachListElement(in: value) { if bytes.matches("close", in: $0) { closes = true } }
    case 14 where bytes.matches("content-length", in: name): try readContentLength(bytes, value)
    case 17 where bytes.matches("transfer-encoding", in: name):
      hasTransferEncoding = true
      bytes.eachListElement(in: value) {
        codings += 1
        endsInChunked = bytes.matches("chunked", in: $0)
        if endsInChunked { chunkedCodings += 1 }
      }
    default: break
    }
    fieldCount += 1
    guard fieldCount <= Self.maximumFields else { return }
    guard let fieldName = FieldNames.name(bytes, in: name) else { throw .invalidFieldName }
    if let text = bytes.text(in: value) {
      fields.append(HTTPField(name: fieldName, value: text))
    } else {
      fields.append(HTTPField(name: fieldName, value: value.map { bytes[$0] }))
    }
  }

  private mutating func readHost(_ bytes: Span<UInt8>, _ value: Range<Int>) throws(HeadError) {
    guard host == nil else { throw .repeatedHost }
    guard Authority.isSound(bytes, in: value), let text = bytes.text(in: value) else { throw .invalidHost }
    host = text
  }

  /// A list of the same number is that number (RFC 9112, section 6.3).
  private mutating func readContentLength(_ bytes: Span<UInt8>, _ value: Range<Int>) throws(HeadError) {
    var start = value.lowerBound
    repeat {
      let end = bytes.firstIndex(of: UInt8(ascii: ","), in: start..<value.upperBound) ?? value.upperBound
      let digits = bytes.trimmed(start..<end)
      guard !digits.isEmpty else { throw .invalidContentLength }
      var length = 0
      for index in digits {
        guard bytes[index].isDigit else { throw .invalidContentLength }
        // Beyond what any limit allows the exact number does not matter.
        let (product, overflow) = length.multipliedReportingOverflow(by: 10)
        let (sum, overflow2) = product.addingReportingOverflow(Int(bytes[index] - 48))
        length = overflow || overflow2 || length == .max ? .max : sum
      }
      guard contentLength == nil || contentLength == length else { throw .differingContentLengths }
      contentLength = length
      start = end + 1
    } while start <= value.upperBound
  }

  /// The head of the lines that were read.
  func head(peer: String) throws(HeadError) -> Head {
    if host == nil, !isHTTP10 { throw .missingHost }
    let framing = try framing()
    // What is malformed goes before what is too much.
    guard fieldCount <= Self.maximumFields else { throw .tooManyFields }
    let request = HTTPRequest(
      method: method, scheme: target.scheme, authority: target.authority ?? host, path: target.text,
      headerFields: fields)
    return Head(
      request: Request(
        head: request, path: target.path, query: target.query, framing: framing, isHTTP10: isHTTP10, peer: peer),
      closes: closes || isHTTP10,
      // Of an HTTP/1.0 request it is ignored (RFC 9110, section 10.1.1).
      expectation: isHTTP10 ? .none : expectation)
  }

  /// RFC 9112, section 6.3.
  private func framing() throws(HeadError) -> Request.Framing {
    guard hasTransferEncoding else {
      guard let contentLength, contentLength > 0 else { return .none }
      return .length(contentLength)
    }
    guard contentLength == nil else { throw .contentLengthWithTransferEncoding }
    guard !isHTTP10 else { throw .transferEncodingInHTTP10 }
    guard codings > 0 else { throw .emptyTransferEncoding }
    guard chunkedCodings == 0 || chunkedCodings == 1 && endsInChunked else { throw .misplacedChunked }
    guard codings == 1, endsInChunked else { throw .unknownTransferCoding }
    return .chunked
  }
}
