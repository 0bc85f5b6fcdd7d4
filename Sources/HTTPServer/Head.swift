/// A request's head, and what only its connection needs of it.
struct Head: Sendable {
  /// What was asked of the server before content is sent (RFC 9110, section 10.1.1).
  enum Expectation: Sendable, Equatable {
    case none
    case `continue`
    case unknown
  }

  let request: Request
  let closes: Bool
  let expectation: Expectation
}
