/// The ways in which a request to a parameter server fails.
public enum ClientError: Error, Sendable, Equatable {
  /// The server answered, and refused.
  case refused(Problem)
  /// There was no connection, or it was lost before the answer was whole. A push may have been applied or not.
  case unreachable(String)
  /// The answer was complete and is not what a parameter server says.
  case unexpectedAnswer(String)
  /// A file on this machine could not be read or written.
  case file(FileError)
  /// A setting cannot be used: the URL, the token, the trainer's name.
  case configuration(String)
}
