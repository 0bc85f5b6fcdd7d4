/// Measurements as a Markdown table.
struct BenchTable {
  private let measurements: [BenchMeasurement]
  private let earlier: [BenchMeasurement.Subject: BenchMeasurement]

  init(_ measurements: [BenchMeasurement], earlier: [BenchMeasurement.Subject: BenchMeasurement]) {
    self.measurements = measurements
    self.earlier = earlier
  }

  var text: String {
    var titles = ["what", "median", "p99", "a second", "held against", "ratio", "goal"]
    if !earlier.isEmpty { titles.append("earlier run") }
    let rows = measurements.map { row($0) }
    return ([titles, titles.indices.map { $0 == 0 ? "---" : "---:" }] + rows)
      .map { "| \($0.joined(separator: " | ")) |\n" }.joined()
  }

  private func row(_ measurement: BenchMeasurement) -> [String] {
    var cells = [Self.title(of: measurement.subject)]
    if let memory = measurement.memory {
      cells += [Self.bytes(memory.peakBytes), "", "", "\(Self.bytes(memory.allowedBytes)) allowed"]
    } else if let speed = measurement.gigabytesPerSecond {
      let copy = measurement.copyGigabytesPerSecond.map { "\(Self.rounded($0, 1)) GB/s" } ?? ""
      cells += ["\(Self.rounded(speed, 1)) GB/s", "", "", copy]
    } else {
      cells += Self.cells(measurement)
    }
    cells.append(measurement.ratio.map { Self.rounded($0, 2) } ?? "")
    cells.append(measurement.goal.map { Self.text(of: $0, for: measurement) } ?? "")
    if !earlier.isEmpty { cells.append(change(of: measurement)) }
    return cells
  }

  private static func cells(_ measurement: BenchMeasurement) -> [String] {
    guard let figures = measurement.figures else { return ["", "", "", ""] }
    let isOne = measurement.subject.clients ?? 1 == 1
    let other = measurement.yardstick.map {
      isOne ? time($0.medianSeconds) : "\(rate($0.perSecond)) a second"
    }
    return [time(figures.medianSeconds), time(figures.p99Seconds), rate(figures.perSecond), other ?? ""]
  }

  private static func text(of goal: BenchGoal, for measurement: BenchMeasurement) -> String {
    var parts: [String] = []
    if let ratio = goal.ratio { parts.append("≥ \(rounded(ratio, 2))") }
    if let seconds = goal.medianSeconds { parts.append("≤ \(time(seconds))") }
    if let seconds = goal.p99Seconds { parts.append("p99 ≤ \(time(seconds))") }
    if let medians = goal.p99Medians { parts.append("p99 ≤ \(rounded(medians, 0)) medians") }
    let result = goal.isMet(by: measurement).map { $0 ? ": met" : ": missed" }
    return parts.joined(separator: ", ") + (result ?? "")
  }

  /// How many times as fast as in the earlier run.
  private func change(of measurement: BenchMeasurement) -> String {
    guard let before = earlier[measurement.subject] else { return "" }
    if let figures = measurement.figures, let other = before.figures {
      return "× " + Self.rounded(figures.speed(against: other, clients: measurement.subject.clients ?? 1), 2)
    }
    if let memory = measurement.memory, let other = before.memory {
      return "× " + Self.rounded(Double(other.peakBytes) / Double(memory.peakBytes), 2)
    }
    if let speed = measurement.gigabytesPerSecond, let other = before.gigabytesPerSecond {
      return "× " + Self.rounded(speed / other, 2)
    }
    return ""
  }

  static func title(of subject: BenchMeasurement.Subject) -> String {
    var title = subject.name
    if let count = subject.bytes {
      title += ", \(bytes(count))"
      if let tensors = subject.tensors, tensors > 1 { title += " in \(tensors) tensors" }
    }
    if let clients = subject.clients { title += clients == 1 ? ", 1 client" : ", \(clients) clients" }
    return title
  }

  private static func bytes(_ count: Int) -> String {
    let number = Double(count)
    if number < 1e6 { return "\(rounded(number / 1e3, 0)) KB" }
    return number < 1e9 ? "\(rounded(number / 1e6, 0)) MB" : "\(rounded(number / 1e9, 1)) GB"
  }

  private static func time(_ seconds: Double) -> String {
    seconds < 1e-3 ? "\(rounded(seconds * 1e6, 0)) µs" : "\(rounded(seconds * 1e3, seconds < 0.1 ? 2 : 0)) ms"
  }

  private static func rate(_ number: Double) -> String {
    rounded(number, number < 100 ? 1 : 0)
  }

  private static func rounded(_ number: Double, _ digits: Int) -> String {
    guard number.isFinite else { return "?" }
    var scale = 1
    for _ in 0..<digits { scale *= 10 }
    let whole = Int((number * Double(scale)).rounded())
    guard digits > 0 else { return "\(whole)" }
    let fraction = String(whole % scale)
    return "\(whole / scale)." + String(repeating: "0", count: digits - fraction.count) + fraction
  }
}
