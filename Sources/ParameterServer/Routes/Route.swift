import HTTPServer
import HTTPTypes

/// One operation of the interface.
struct Route: Sendable {
  let method: HTTPRequest.Method
  let path: String
  /// Who may do it, once there are tokens.
  let role: Role
  /// The query parameters that it knows; nil when the query is ignored.
  let parameters: [String]?
  /// Judges the rest of the head.
  let handler: @Sendable (Call) throws(Problem) -> any Exchange

  init(
    _ method: HTTPRequest.Method, _ path: String, _ role: Role, _ parameters: [String]? = [],
    _ handler: @escaping @Sendable (Call) throws(Problem) -> any Exchange
  ) {
    self.method = method
    self.path = path
    self.role = role
    self.parameters = parameters
    self.handler = handler
  }

  func query(of request: Request) throws(Problem) -> Query {
    guard let parameters, let query = request.query else { return Query() }
    return try Query(query, known: parameters)
  }
}

/// Who may do what; each role may do what those before it may.
enum Role: Int, Sendable, Comparable {
  /// Anybody.
  case none
  /// Sees weights and state.
  case reader
  /// Sends gradients.
  case trainer
  /// Changes the model and the optimizer.
  case admin

  static func < (a: Role, b: Role) -> Bool { a.rawValue < b.rawValue }
}
