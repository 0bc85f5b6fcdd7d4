/// What a measurement is to come to on a quiet machine.
struct BenchGoal: Codable {
  /// The least ratio.
  var ratio: Double?
  /// The most that the median may be, in seconds.
  var medianSeconds: Double?
  /// The most that the 99th percentile may be, in seconds.
  var p99Seconds: Double?
  /// The most that the 99th percentile may be, in medians.
  var p99Medians: Double?

  /// The goal of requests that move a model, held against the yardstick; nil for those without one.
  init?(for request: BenchRequest) {
    switch (request.kind, request.shape) {
    case (.push, .resNet50): self.init(ratio: 1)
    case (.pull, .resNet50): self.init(ratio: 0.95)
    default: return nil
    }
  }

  init(ratio: Double? = nil, medianSeconds: Double? = nil, p99Seconds: Double? = nil, p99Medians: Double? = nil) {
    self.ratio = ratio
    self.medianSeconds = medianSeconds
    self.p99Seconds = p99Seconds
    self.p99Medians = p99Medians
  }

  /// Whether a measurement comes to it; nil when it lacks what the goal is about.
  func isMet(by measurement: BenchMeasurement) -> Bool? {
    var results: [Bool?] = []
    if let ratio { results.append(measurement.ratio.map { $0 >= ratio }) }
    let figures = measurement.figures
    if let medianSeconds { results.append(figures.map { $0.medianSeconds <= medianSeconds }) }
    if let p99Seconds { results.append(figures.map { $0.p99Seconds <= p99Seconds }) }
    if let p99Medians { results.append(figures.map { $0.p99Seconds <= p99Medians * $0.medianSeconds }) }
    if results.contains(false) { return false }
    return results.contains(nil) ? nil : true
  }
}
