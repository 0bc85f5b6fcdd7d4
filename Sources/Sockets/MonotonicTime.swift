internal import CLinux

/// A point of the monotonic clock, in nanoseconds.
public struct MonotonicTime: Sendable, Hashable, Comparable {
  /// Nanoseconds since the clock's start.
  public var nanoseconds: Int64

  /// A point at the given count of nanoseconds.
  public init(nanoseconds: Int64) {
    self.nanoseconds = nanoseconds
  }

  /// The present.
  public static var now: MonotonicTime { MonotonicTime(nanoseconds: swa_monotonic_nanoseconds()) }

  /// Orders by time.
  public static func < (left: MonotonicTime, right: MonotonicTime) -> Bool { left.nanoseconds < right.nanoseconds }

  /// The point `duration` later; saturates.
  public static func + (time: MonotonicTime, duration: Duration) -> MonotonicTime {
    let (seconds, attoseconds) = duration.components
    let whole = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    guard !whole.overflow else { return MonotonicTime(nanoseconds: .max) }
    let sum = time.nanoseconds.addingReportingOverflow(whole.partialValue + attoseconds / 1_000_000_000)
    return MonotonicTime(nanoseconds: sum.overflow ? .max : sum.partialValue)
  }

  /// The point so many nanoseconds later, which are few enough for the sum to be a time.
  public func advanced(byNanoseconds count: Int64) -> MonotonicTime {
    MonotonicTime(nanoseconds: nanoseconds &+ count)
  }

  /// The seconds that passed since `earlier`.
  public func seconds(since earlier: MonotonicTime) -> Double {
    Double(nanoseconds - earlier.nanoseconds) / 1e9
  }
}
