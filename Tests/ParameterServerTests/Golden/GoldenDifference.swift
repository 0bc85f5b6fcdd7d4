/// How far numbers are from the recorded ones.
struct GoldenDifference {
  /// How many numbers were compared.
  private(set) var comparedCount = 0
  /// How many have other bits.
  private(set) var unequalCount = 0
  /// The largest difference, as a multiple of the tolerance.
  private(set) var largest = 0.0
  /// Where the largest difference is, or the first in bits when all are within it.
  private(set) var worst = ""

  /// Whether every number has the recorded bits.
  var isToTheBit: Bool { unequalCount == 0 }
  /// Whether every number is as near as pow, cos, rsqrt and sums in another order can bring it.
  var isWithinTolerance: Bool { largest <= 1 }

  /// Compares numbers; what an optimizer remembers may be `slack` times as far away as variables and averages.
  mutating func compare(_ ours: [Double], _ recorded: [Double], at place: String, slack: Double = 1) {
    guard ours.count == recorded.count else {
      largest = .infinity
      worst = "\(place): \(ours.count) elements instead of \(recorded.count)"
      return
    }
    comparedCount += ours.count
    for (index, (own, expected)) in zip(ours, recorded).enumerated() where own.bitPattern != expected.bitPattern {
      unequalCount += 1
      let error = abs(own - expected) / (2e-6 * abs(expected) + 1e-7) / slack
      guard !(error <= largest) || worst.isEmpty else { continue }
      largest = error.isNaN ? .infinity : max(largest, error)
      worst = "\(place)[\(index)]: \(own) instead of \(expected)"
    }
  }

  /// Takes in another comparison.
  mutating func merge(_ other: GoldenDifference, of name: String) {
    comparedCount += other.comparedCount
    unequalCount += other.unequalCount
    guard !other.worst.isEmpty, other.largest > largest || worst.isEmpty else { return }
    largest = other.largest
    worst = "\(name) \(other.worst)"
  }
}
