/// The server's model is not the one that it was: it went back to an earlier state, or it is another one.
public struct ModelChange: Sendable, Equatable {
  /// The epoch that the client knew.
  public let previousEpoch: String
  /// The iterations that it had when the client last saw it; nil when it saw none.
  public let previousIteration: Int?
  /// The epoch that there is now.
  public let epoch: String
  /// Its iterations; nil when the answer did not say.
  public let iteration: Int?

  /// A change by its parts.
  public init(previousEpoch: String, previousIteration: Int?, epoch: String, iteration: Int?) {
    self.previousEpoch = previousEpoch
    self.previousIteration = previousIteration
    self.epoch = epoch
    self.iteration = iteration
  }

  /// How many iterations the client has seen that are gone; nil when that can't be said.
  public var lostIterations: Int? {
    guard let previousIteration, let iteration, iteration < previousIteration else { return nil }
    return previousIteration - iteration
  }
}

extension ModelChange: CustomStringConvertible {
  /// One line for people.
  public var description: String {
    let before = previousIteration.map { " at iteration \($0)" } ?? ""
    let now = iteration.map { " at iteration \($0)" } ?? ""
    let meaning =
      lostIterations.map { "it went back \($0) iterations, or has another model" }
      ?? "it went back, or has another model"
    return "the server's model was epoch \(previousEpoch)\(before) and is epoch \(epoch)\(now): \(meaning)"
  }
}
