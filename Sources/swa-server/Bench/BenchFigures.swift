/// What the requests of several rounds took.
struct BenchFigures: Codable {
  /// How many requests there were.
  var count: Int
  var medianSeconds: Double
  var p99Seconds: Double
  /// Requests a second of all clients together, the median of rounds.
  var perSecond: Double

  init(_ rounds: [BenchTimes]) {
    let times = rounds.flatMap(\.requests).sorted()
    count = times.count
    medianSeconds = times.quantile(0.5)
    p99Seconds = times.quantile(0.99)
    perSecond = rounds.map { Double($0.requests.count) / $0.round }.sorted().quantile(0.5)
  }
}

extension [Double] {
  /// The element below which this part of an ascending list lies; 0 of an empty one.
  func quantile(_ part: Double) -> Double {
    isEmpty ? 0 : self[Swift.min(count - 1, Int(part * Double(count)))]
  }
}
