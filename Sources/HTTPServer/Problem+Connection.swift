internal import HTTPTypes

/// The problems that a connection answers by itself.
extension Problem {
  static func malformedRequest(_ detail: String, status: HTTPResponse.Status = .badRequest) -> Problem {
    Problem("malformed-request", title: "The request is malformed", status: status, detail: detail)
  }

  static func tooLarge(_ detail: String, status: HTTPResponse.Status = .contentTooLarge) -> Problem {
    Problem("too-large", title: "The request is too large", status: status, detail: detail)
  }

  static func busy(_ detail: String) -> Problem {
    Problem(
      "busy", title: "The server is busy", status: .serviceUnavailable, detail: detail, fields: [.retryAfter: "1"])
  }

  static var outOfMemory: Problem { .busy("the memory for requests under way is used up") }

  static func timeout(_ detail: String) -> Problem {
    Problem("timeout", title: "The request took too long", status: .requestTimeout, detail: detail)
  }

  static var unknownExpectation: Problem {
    Problem(
      "invalid-header", title: "The expectation is unknown", status: .expectationFailed,
      detail: "Expect: the only expectation known here is 100-continue", members: [("field", .string("Expect"))])
  }

  /// RFC 9110, section 7.4.
  static var insecure: Problem {
    Problem(
      "misdirected", title: "Misdirected request", status: .misdirectedRequest,
      detail: "the request target is an https URI, but this connection is not encrypted",
      members: [("field", .string("Host"))])
  }

  static var unanswered: Problem {
    Problem(
      "internal", title: "Internal error", status: .internalServerError,
      detail: "the request was left without an answer")
  }
}

extension ChunkedDecoder.Failure {
  /// The answer to chunked content that is framed in this way.
  var problem: Problem { .malformedRequest("the chunked content is malformed: \(reason)") }

  private var reason: String {
    switch self {
    case .invalidSize: "a chunk's size is not a hexadecimal number"
    case .sizeTooLarge: "a chunk's size is larger than can be counted"
    case .invalidExtension: "a chunk extension is not NAME or NAME=VALUE behind a semicolon"
    case .lineTooLong: "the line of a chunk's size is too long"
    case .tooMuchFraming: "there is more of chunk extensions than of content"
    case .missingLineEnd: "a line or a chunk does not end with CR LF"
    case .trailersTooLong: "the trailers are too long"
    case .invalidTrailer: "a trailer is not NAME: VALUE"
    }
  }
}

extension HeadError {
  /// The answer to a head of this kind.
  var problem: Problem {
    switch self {
    case .bareLineFeed: .malformedRequest("a line of the head ends in LF without CR")
    case .bareCarriageReturn: .malformedRequest("the head has a CR that no LF follows")
    case .controlByte: .malformedRequest("the head has a control byte; is this HTTP, and not TLS?")
    case .malformedRequestLine: .malformedRequest("the request line is not METHOD TARGET VERSION with single spaces")
    case .invalidMethod: .malformedRequest("the method is not a token")
    case .invalidTarget: .malformedRequest("the request target has a byte that must be percent-encoded")
    case .invalidPercentEncoding:
      .malformedRequest("a % in the request target is not followed by two hexadecimal digits")
    case .unsupportedTargetForm:
      .malformedRequest("the request target neither begins with / nor is an http URI, nor is it * for OPTIONS")
    case .connectTarget: .malformedRequest("CONNECT is for proxies, and this is none")
    case .malformedVersion: .malformedRequest("the version is not HTTP/1.1 or HTTP/1.0")
    case .unsupportedVersion:
      .malformedRequest("only HTTP/1.1 and HTTP/1.0 are spoken here", status: .httpVersionNotSupported)
    case .foldedField: .malformedRequest("a field line begins with a blank")
    case .invalidFieldName: .malformedRequest("a field name is not a token that a colon follows at once")
    case .missingHost: .malformedRequest("an HTTP/1.1 request needs a Host field")
    case .repeatedHost: .malformedRequest("there is more than one Host field")
    case .invalidHost: .malformedRequest("Host is not a host with an optional port")
    case .invalidContentLength: .malformedRequest("Content-Length is not a decimal number")
    case .differingContentLengths: .malformedRequest("there are several Content-Length that differ")
    case .contentLengthWithTransferEncoding:
      .malformedRequest("Content-Length and Transfer-Encoding must not come together")
    case .transferEncodingInHTTP10: .malformedRequest("HTTP/1.0 knows no Transfer-Encoding")
    case .emptyTransferEncoding: .malformedRequest("Transfer-Encoding is empty")
    case .misplacedChunked: .malformedRequest("the transfer coding chunked must be the last one, and there once")
    case .unknownTransferCoding:
      .malformedRequest("the only transfer coding understood here is chunked", status: .notImplemented)
    case .targetTooLong: .tooLarge("the request line is too long", status: .uriTooLong)
    case .headTooLarge: .tooLarge("the request head is too large", status: .requestHeaderFieldsTooLarge)
    case .tooManyFields: .tooLarge("there are too many header fields", status: .requestHeaderFieldsTooLarge)
    }
  }
}
