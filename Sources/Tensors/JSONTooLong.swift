/// A JSON text would become longer than it may.
public struct JSONTooLong: Error, Equatable {
  /// The most bytes that were allowed.
  public let limit: Int

  /// The error of passing a limit.
  public init(limit: Int) {
    self.limit = limit
  }
}
