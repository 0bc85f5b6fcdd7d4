internal import Sockets

/// Watches that bytes move at a least rate, averaged over windows of 10 s.
struct RateGuard: Sendable {
  private static let windowNanoseconds: Int64 = 10_000_000_000

  private let minimum: Int
  private var moved = 0
  /// The end of the window.
  private(set) var deadline: MonotonicTime

  init(bytesPerSecond: Int, now: MonotonicTime) {
    minimum = bytesPerSecond * 10
    deadline = now.advanced(byNanoseconds: Self.windowNanoseconds)
  }

  mutating func move(_ count: Int) {
    moved += count
  }

  /// Lengthens the window by time in which nobody could have moved anything.
  mutating func excuse(_ duration: Duration) {
    deadline = deadline + duration
  }

  /// Judges the window that has ended and begins the next; false when too little moved.
  mutating func passes(_ now: MonotonicTime) -> Bool {
    guard now >= deadline else { return true }
    defer {
      moved = 0
      deadline = now.advanced(byNanoseconds: Self.windowNanoseconds)
    }
    return moved >= minimum
  }
}
