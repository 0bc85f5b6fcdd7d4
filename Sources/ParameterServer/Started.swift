import FoundationEssentials

/// When the server began.
struct Started: Sendable {
  let date = Date.now
  private let instant = ContinuousClock.now

  /// Seconds since then.
  var uptimeSeconds: Double {
    let elapsed = ContinuousClock.now - instant
    return Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds / 1_000_000_000_000_000) / 1000
  }
}
