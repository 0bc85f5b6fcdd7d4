import HTTPTypes
import Testing

@testable import HTTPServer

@Suite struct HeadParserTests {
  /// What a parser says in a line, so that a table can say it too.
  private static func line(_ outcome: HeadParser.Outcome) -> String {
    switch outcome {
    case .needMore: return "more"
    case .failure(let error, _): return "\(error)"
    case .head(let head, let count):
      let request = head.request
      var line = "\(count) \(request.head.method) \(request.head.authority ?? "-") \(request.head.path ?? "-")"
      line += " \(request.path)|\(request.query ?? "-") \(request.framing)"
      if request.isHTTP10 { line += " 1.0" }
      if head.closes { line += " closes" }
      if head.expectation != .none { line += " expects \(head.expectation)" }
      for field in request.head.headerFields { line += " \(field.name)=\(field.value)" }
      return line
    }
  }

  private static let sound: [(String, String)] = [
    ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "27 GET a / /|- none"),
    ("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "29 GET a / /|- none"),
    ("\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "33 GET a / /|- none"),
    ("GET /x/%2f?q=1?2 HTTP/1.1\r\nhost:\t a:80 \r\n\r\n", "43 GET a:80 /x/%2f?q=1?2 /x/%2f|q=1?2 none"),
    ("GET /? HTTP/1.1\r\nHost:\r\n\r\n", "26 GET  /? /| none"),
    ("GET / HTTP/1.0\r\n\r\n", "18 GET - / /|- none 1.0 closes"),
    ("GET / HTTP/1.7\r\nHost: a\r\n\r\n", "27 GET a / /|- none"),
    ("GET http://b:1/p?q HTTP/1.1\r\nHost: a\r\n\r\n", "40 GET b:1 /p?q /p|q none"),
    ("GET http://[::1]:80 HTTP/1.1\r\nHost: a\r\n\r\n", "41 GET [::1]:80 / /|- none"),
    ("OPTIONS http://b HTTP/1.1\r\nHost: a\r\n\r\n", "38 OPTIONS b * *|- none"),
    ("GET HTTP://b HTTP/1.1\r\nHost: a\r\n\r\n", "34 GET b / /|- none"),
    ("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "31 OPTIONS a * *|- none"),
    ("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", "46 PUT a / /|- length(5) Content-Length=5"),
    ("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "46 PUT a / /|- none Content-Length=0"),
    (
      "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\ncontent-length: 5\r\n\r\n",
      "68 PUT a / /|- length(5) Content-Length=5, 5 content-length=5"
    ),
    (
      "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
      "65 PUT a / /|- length(\(Int.max)) Content-Length=99999999999999999999"
    ),
    (
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n",
      "56 POST a / /|- chunked Transfer-Encoding=Chunked"
    ),
    (
      "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nConnection: x, Close\r\n\r\n",
      "72 POST a / /|- none closes expects continue Expect=100-Continue Connection=x, Close"
    ),
    ("GET / HTTP/1.1\r\nHost: a\r\nExpect: more\r\n\r\n", "41 GET a / /|- none expects unknown Expect=more"),
    ("GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n", "40 GET - / /|- none 1.0 closes Expect=100-continue"),
    ("GET / HTTP/1.1\r\nHost: a\r\nA: \r\nB: x\u{e4} y\r\n\r\n", "42 GET a / /|- none A= B=x\u{e4} y"),
  ]

  private static let unsound: [(String, HeadError)] = [
    ("GET / HTTP/1.1\nHost: a\n\n", .bareLineFeed),
    ("GET / HTTP/1.1\r\nHost: a\n\r\n", .bareLineFeed),
    ("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", .bareLineFeed),
    ("GET / HTTP/1.1\r\nHost: a\r\nA: x\ry\r\n\r\n", .bareCarriageReturn),
    ("\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", .bareCarriageReturn),
    ("GET / HTTP/1.1\r\nHost: a\r\nA: x\u{0}y\r\n\r\n", .controlByte),
    ("\u{16}\u{3}\u{1}\u{2}", .controlByte),
    ("\r\n\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", .bareLineFeed),
    ("\r\n\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", .bareCarriageReturn),
    ("GET /\r\n", .malformedRequestLine),
    ("GET / HTTP/0.9\r\n", .unsupportedVersion),
    ("GET / HTTP/2.0\r\nA: x\ry\r\n\r\n", .unsupportedVersion),
    ("GET /\r\n\r/\r\n", .malformedRequestLine),
    ("PRI * HTTP/2.0\r\n", .unsupportedVersion),
    ("GET\r\n\r\n", .malformedRequestLine),
    ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", .malformedVersion),
    (" GET / HTTP/1.1\r\nHost: a\r\n\r\n", .invalidMethod),
    ("G\"T / HTTP/1.1\r\nHost: a\r\n\r\n", .invalidMethod),
    ("GET / HTTP/1.1 \r\nHost: a\r\n\r\n", .malformedVersion),
    ("GET / http/1.1\r\nHost: a\r\n\r\n", .malformedVersion),
    ("GET / HTTP/1\r\nHost: a\r\n\r\n", .malformedVersion),
    ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", .unsupportedVersion),
    ("GET /\u{e4} HTTP/1.1\r\nHost: a\r\n\r\n", .invalidTarget),
    ("GET /#f HTTP/1.1\r\nHost: a\r\n\r\n", .invalidTarget),
    ("GET http://u@b/ HTTP/1.1\r\nHost: a\r\n\r\n", .invalidTarget),
    ("GET http://:80/ HTTP/1.1\r\nHost: a\r\n\r\n", .invalidTarget),
    ("GET http://b:x/ HTTP/1.1\r\nHost: a\r\n\r\n", .invalidTarget),
    ("GET http:/// HTTP/1.1\r\nHost: a\r\n\r\n", .invalidTarget),
    ("GET /%g0 HTTP/1.1\r\nHost: a\r\n\r\n", .invalidPercentEncoding),
    ("GET /?%4 HTTP/1.1\r\nHost: a\r\n\r\n", .invalidPercentEncoding),
    ("GET * HTTP/1.1\r\nHost: a\r\n\r\n", .unsupportedTargetForm),
    ("GET x HTTP/1.1\r\nHost: a\r\n\r\n", .unsupportedTargetForm),
    ("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", .connectTarget),
    ("GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", .foldedField),
    ("GET / HTTP/1.1\r\n Host: a\r\n\r\n", .foldedField),
    ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", .invalidFieldName),
    ("GET / HTTP/1.1\r\nHost\r\n\r\n", .invalidFieldName),
    ("GET / HTTP/1.1\r\n: a\r\n\r\n", .invalidFieldName),
    ("GET / HTTP/1.1\r\n\r\n", .missingHost),
    ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", .repeatedHost),
    ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", .invalidHost),
    ("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", .invalidHost),
    ("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5x\r\n\r\n", .invalidContentLength),
    ("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n", .invalidContentLength),
    ("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: \r\n\r\n", .invalidContentLength),
    ("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5,\r\n\r\n", .invalidContentLength),
    ("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", .differingContentLengths),
    ("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0, 6\r\n\r\n", .differingContentLengths),
    (
      "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
      .contentLengthWithTransferEncoding
    ),
    ("PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", .transferEncodingInHTTP10),
    ("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \r\n\r\n", .emptyTransferEncoding),
    ("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", .unknownTransferCoding),
    ("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", .unknownTransferCoding),
    (
      "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
      .misplacedChunked
    ),
    ("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", .misplacedChunked),
    ("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked;x\r\n\r\n", .unknownTransferCoding),
    ("GET / HTTP/1.1\r\n" + String(repeating: "A: b\r\n", count: 1001) + "\r\n", .missingHost),
    ("GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "A: b\r\n", count: 1001) + "\r\n", .tooManyFields),
    ("GET /" + String(repeating: "a", count: 9000), .targetTooLong),
    ("GET / HTTP/1.1\r\nA: " + String(repeating: "a", count: 9000), .headTooLarge),
  ]

  /// The outcomes of a parser that is shown ever longer prefixes that end at `stops`.
  private static func outcomes(_ bytes: [UInt8], stops: [Int]) -> [String] {
    var parser = HeadParser(maximumBytes: 8192)
    var outcomes: [String] = []
    for stop in stops {
      outcomes.append(line(parser.parse(bytes.span.extracting(0..<stop))))
      if outcomes.last != "more" { break }
    }
    return outcomes
  }

  @Test(arguments: sound) func soundHeadsAreRead(_ wire: String, _ expected: String) throws {
    let bytes = Array(wire.utf8)
    let end = try #require(expected.split(separator: " ").first.flatMap { Int($0) })
    for split in 0..<end {
      #expect(Self.outcomes(bytes, stops: [split, bytes.count]) == ["more", expected])
    }
    let dripped = Self.outcomes(bytes, stops: Array(0...bytes.count))
    #expect(dripped == Array(repeating: "more", count: end) + [expected])
  }

  @Test(arguments: unsound) func unsoundHeadsAreRefused(_ wire: String, _ expected: HeadError) {
    let bytes = Array(wire.utf8)
    #expect(Self.outcomes(bytes, stops: [bytes.count]) == ["\(expected)"])
    for split in stride(from: 0, to: bytes.count, by: bytes.count > 200 ? 97 : 1) {
      #expect(Self.outcomes(bytes, stops: [split, bytes.count]).last == "\(expected)")
    }
    #expect(Self.outcomes(bytes, stops: Array(0...bytes.count)).last == "\(expected)")
  }

  @Test(arguments: [
    "", "a", "localhost:8080", "a.b-c_d~", "%61", "127.0.0.1:65535", "256.1.1.1", "a:", "[::]", "[::1]:1",
    "[1:2:3:4:5:6:7:8]", "[1:2:3:4:5:6:7::]", "[::ffff:127.0.0.1]", "[fe80::A]", "[1::2:3:4:5:6:7]",
  ])
  func soundAuthorities(_ text: String) {
    let bytes = Array(text.utf8)
    let isSound = Authority.isSound(bytes.span, in: 0..<bytes.count)
    #expect(isSound)
  }

  @Test(arguments: [
    "a:b", "a:1:2", "a:65536", "a:99999999999999999999", "::1", "u@a", "a/b", "a?", "a#", "a b", "a\\b", "%6", "%zz",
    "[", "[]", "[::1", "::1]", "[::1]x", "[::1]]", "[g::1]", "[1:2:3:4:5:6:7:8:9]", "[1:2:3:4:5:6:7]", "[:1]", "[1:]",
    "[1::2::3]", "[:::]", "[1:2:3:4:5:6:7:8::]", "[12345::]", "[::256.0.0.1]", "[::1.2.3]", "[127.0.0.1]", "[v1.a]",
    "[fe80::1%25eth0]", "\u{e4}", "a]",
  ])
  func unsoundAuthorities(_ text: String) {
    let bytes = Array(text.utf8)
    let isSound = Authority.isSound(bytes.span, in: 0..<bytes.count)
    #expect(!isSound)
  }

  @Test func everyErrorIsInTheTable() {
    let tested = Set(Self.unsound.map { "\($0.1)" })
    #expect(HeadError.allCases.filter { !tested.contains("\($0)") }.isEmpty)
  }

  @Test func bytesThatAreNotTextStayAsTheyAre() throws {
    let bytes = Array("GET / HTTP/1.1\r\nHost: a\r\nA: x".utf8) + [0xff] + Array("\r\n\r\n".utf8)
    var parser = HeadParser(maximumBytes: 8192)
    guard case .head(let head, _) = parser.parse(bytes.span) else {
      Issue.record("no head")
      return
    }
    #expect(head.request.head.headerFields.count == 1)
  }
}
