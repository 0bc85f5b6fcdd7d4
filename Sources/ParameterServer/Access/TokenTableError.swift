/// The ways in which a file of tokens can be wrong. None holds text of the file: it could be a token.
public enum TokenTableError: Error, Sendable, Equatable {
  /// A line without a colon.
  case missingDigest(line: Int)
  /// What is before the first colon is no role.
  case unknownRole(line: Int)
  /// What follows is no SHA-256 in hexadecimal.
  case invalidDigest(line: Int)
  /// The label is empty, too long, or holds control characters.
  case invalidLabel(line: Int)
  /// Two lines for one token.
  case repeatedDigest(line: Int, first: Int)
  /// No line names a token.
  case empty
}

extension TokenTableError: CustomStringConvertible {
  /// A sentence for the operator.
  public var description: String {
    switch self {
    case .missingDigest(let line): "line \(line): expected ROLE:SHA256-OF-TOKEN[:LABEL], got a line without a colon"
    case .unknownRole(let line): "line \(line): the role must be reader, trainer or admin"
    case .invalidDigest(let line):
      "line \(line): behind the role must stand the SHA-256 of the token, 64 hexadecimal digits"
    case .invalidLabel(let line): "line \(line): a label has 1 to 100 characters and no control characters"
    case .repeatedDigest(let line, let first): "line \(line): the same token as in line \(first)"
    case .empty: "no line names a token; swa-server token makes one"
    }
  }
}
