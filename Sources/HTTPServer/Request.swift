public import HTTPTypes

/// The head of a request whose framing was found sound: what a service judges before a byte of content is read.
public final class Request: Sendable {
  /// Method, scheme, authority, request target and fields. `path` holds the target in origin form, query included.
  public let head: HTTPRequest
  /// The request target's path as it came, percent-encoding kept.
  public let path: String
  /// What follows the first `?` of the target, percent-encoding kept; nil without a `?`.
  public let query: String?
  /// How the content that follows is delimited.
  public let framing: Framing
  /// Whether the request spoke HTTP/1.0, whose connection closes after the answer.
  public let isHTTP10: Bool
  /// The peer's address, for logs.
  public let peer: String
  /// The name that the client has proven by a certificate; nil without one.
  public let clientName: String?

  /// How a request's content is delimited (RFC 9112, section 6).
  public enum Framing: Sendable, Equatable {
    /// Neither Content-Length nor Transfer-Encoding: no content.
    case none
    /// Content-Length in bytes.
    case length(Int)
    /// Transfer-Encoding: chunked.
    case chunked
  }

  /// A request as a service sees it.
  public init(
    head: HTTPRequest, path: String, query: String?, framing: Framing = .none, isHTTP10: Bool = false,
    peer: String = "",
    clientName: String? = nil
  ) {
    self.head = head
    self.path = path
    self.query = query
    self.framing = framing
    self.isHTTP10 = isHTTP10
    self.peer = peer
    self.clientName = clientName
  }

  /// The same request of a client that has proven its name.
  func proven(_ clientName: String) -> Request {
    Request(
      head: head, path: path, query: query, framing: framing, isHTTP10: isHTTP10, peer: peer, clientName: clientName)
  }
}
