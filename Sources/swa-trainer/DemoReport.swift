import ParameterClient

/// What receipts said about pushes, as a trainer of the demo hands it to the demo.
struct DemoReport: Equatable {
  private(set) var pushes = 0
  private(set) var stalenessSum = 0
  private(set) var stalenessMax = 0

  init() {}

  /// The report of a line; nil when the line is none.
  init?(line: String) {
    let numbers = line.split { $0 == " " || $0.isNewline }.map { Int($0) }
    guard numbers.count == 3, let pushes = numbers[0], let sum = numbers[1], let max = numbers[2] else { return nil }
    self.pushes = pushes
    stalenessSum = sum
    stalenessMax = max
  }

  var line: String { "\(pushes) \(stalenessSum) \(stalenessMax)" }

  var stalenessMean: Double { pushes == 0 ? 0 : Double(stalenessSum) / Double(pushes) }

  mutating func add(_ receipt: Receipt) {
    pushes += 1
    stalenessSum += receipt.staleness ?? 0
    stalenessMax = max(stalenessMax, receipt.staleness ?? 0)
  }

  mutating func add(_ other: DemoReport) {
    pushes += other.pushes
    stalenessSum += other.stalenessSum
    stalenessMax = max(stalenessMax, other.stalenessMax)
  }
}
