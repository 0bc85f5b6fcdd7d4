import HTTPServer
import HTTPTypes

/// One operation of the interface.
final class Route: Sendable {
  let method: HTTPRequest.Method
  let path: String
  /// Who may do it, where callers are told apart.
  let role: Role
  /// Who may do it with `If-None-Match: *`, which leaves alone what is there.
  let creatorRole: Role
  /// The query parameters that it knows; nil when the query is ignored.
  let parameters: [String]?
  /// Judges the rest of the head.
  let handler: @Sendable (Call) throws(Problem) -> any Exchange

  init(
    _ method: HTTPRequest.Method, _ path: String, _ role: Role, _ parameters: [String]? = [], creator: Role? = nil,
    _ handler: @escaping @Sendable (Call) throws(Problem) -> any Exchange
  ) {
    self.method = method
    self.path = path
    self.role = role
    creatorRole = creator ?? role
    self.parameters = parameters
    self.handler = handler
  }

  /// The least role that may send this request.
  func role(for request: Request) -> Role {
    guard creatorRole != role, let tags = request.head.headerFields.value(of: .ifNoneMatch) else { return role }
    return EntityTags(tags).isAny ? creatorRole : role
  }

  func query(of request: Request) throws(Problem) -> Query {
    guard let parameters, let query = request.query else { return Query() }
    return try Query(query, known: parameters)
  }
}
