/// When a request is sent again: after a 503, and after a lost connection when sending it twice does no harm.
public struct RetryPolicy: Sendable, Equatable {
  /// How an attempt ended.
  public enum Outcome: Sendable, Equatable {
    /// An answer came, perhaps with the seconds of its Retry-After.
    case status(Int, retryAfter: Int?)
    /// No answer came, or not all of it: the server may have done what was asked.
    case noAnswer(isRepeatable: Bool)
  }

  /// How often a request is sent at most.
  public var attempts: Int
  /// The longest wait after the first attempt in seconds; it doubles with each further one.
  public var firstDelay: Double
  /// No wait is longer; a Retry-After that asks for more ends the attempts.
  public var longestDelay: Double

  /// A policy; the default gives up after 9 attempts and 25 to 50 seconds of waiting, in which a server can start anew.
  public init(attempts: Int = 9, firstDelay: Double = 0.2, longestDelay: Double = 30) {
    self.attempts = attempts
    self.firstDelay = firstDelay
    self.longestDelay = longestDelay
  }

  /// The seconds to wait after attempt `attempt`, counted from 1; nil when that was the last.
  ///
  /// - Parameter jitter: a random number from 0 to 1, so that trainers refused together do not come back together. At
  ///   least half of the back-off is waited, and never less than Retry-After asks for.
  public func delay(afterAttempt attempt: Int, _ outcome: Outcome, jitter: Double) -> Double? {
    guard attempt < attempts else { return nil }
    let retryAfter: Int?
    switch outcome {
    case .status(503, let seconds): retryAfter = seconds
    case .noAnswer(isRepeatable: true): retryAfter = nil
    case .status, .noAnswer: return nil
    }
    let backOff = min(longestDelay, firstDelay * Double(1 << min(attempt - 1, 30)))
    let wait = Double(retryAfter ?? 0) + backOff * (0.5 + 0.5 * jitter)
    return Double(retryAfter ?? 0) > longestDelay ? nil : wait
  }
}
