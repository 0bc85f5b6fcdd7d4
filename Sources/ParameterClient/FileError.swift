/// A system call on a file that failed.
public struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file's path.
  public let path: String
  /// What was attempted: `open`, `read`, `write`, `rename` …
  public let operation: String
  /// The reason in words.
  public let reason: String

  /// A failure by its parts.
  public init(path: String, operation: String, reason: String) {
    self.path = path
    self.operation = operation
    self.reason = reason
  }

  /// One line for people.
  public var description: String { "cannot \(operation) \(path): \(reason)" }
}
