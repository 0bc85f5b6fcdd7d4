/// What a client is told to do: to go on for some time, and for some requests at least.
struct BenchRound: CustomStringConvertible {
  var seconds: Double
  var minimum: Int

  init(seconds: Double, minimum: Int) {
    self.seconds = seconds
    self.minimum = minimum
  }

  /// Reads what `description` gives.
  init?(line: String) {
    let words = line.split(separator: " ")
    guard words.count == 2, let seconds = Double(words[0]), let minimum = Int(words[1]) else { return nil }
    self.init(seconds: seconds, minimum: minimum)
  }

  var description: String { "\(seconds) \(minimum)" }
}

/// How long a round and each request in it took, in seconds.
struct BenchTimes: CustomStringConvertible {
  var round: Double
  var requests: [Double]

  init(round: Double, requests: [Double]) {
    self.round = round
    self.requests = requests
  }

  /// Reads what `description` gives.
  init?(line: String) {
    let numbers = line.split(separator: " ").compactMap { Int($0) }.map { Double($0) / 1e9 }
    guard let round = numbers.first else { return nil }
    self.init(round: round, requests: Array(numbers.dropFirst()))
  }

  var description: String {
    ([round] + requests).map { String(Int($0 * 1e9)) }.joined(separator: " ")
  }
}
