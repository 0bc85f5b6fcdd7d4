import ParameterClient

/// A line on stderr that grows with a transfer, from its second second on and on terminals only.
final class ProgressBar {
  /// Which part of an exchange it shows.
  enum Direction { case upload, download }

  private let direction: Direction
  private let output: LocalFile
  private let start = ContinuousClock.now
  private var drawn: ContinuousClock.Instant?

  private static let width = 30

  /// A bar, or none where nobody would see it.
  init?(showing direction: Direction) {
    output = LocalFile.standardError
    self.direction = direction
    guard output.isTerminal else { return nil }
  }

  /// Draws, ten times a second at most.
  func update(_ progress: TransferProgress) {
    let now = ContinuousClock.now
    guard now - start > .seconds(1), drawn.map({ now - $0 > .milliseconds(100) }) ?? true else { return }
    drawn = now
    let line =
      direction == .upload
      ? Self.line(progress.sent, of: progress.toSend, after: now - start)
      : Self.line(progress.received, of: progress.toReceive, after: now - start)
    try? output.write("\r" + line)
  }

  /// Clears the line.
  func finish() {
    guard drawn != nil else { return }
    drawn = nil
    try? output.write("\r\u{1B}[K")
  }

  /// What the bar looks like, without colour or control characters but the one that clears the rest of the line.
  static func line(_ count: Int, of total: Int, after time: Duration) -> String {
    let seconds = Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
    let rate = "\(megabytes(count)) MB, \(megabytes(Int(Double(count) / seconds))) MB/s\u{1B}[K"
    guard total > 0 else { return rate }
    let share = min(1, Double(count) / Double(total))
    let filled = Int(share * Double(width))
    let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled)
    return "[\(bar)] \(Int(share * 100)) % \(rate)"
  }

  private static func megabytes(_ count: Int) -> String {
    "\(count / 1_000_000).\(count / 100_000 % 10)"
  }
}
