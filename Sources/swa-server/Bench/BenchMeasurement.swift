/// One line of a benchmark's output: what was measured, on what, and the figures.
struct BenchMeasurement: Codable {
  /// Tells measurements of one kind apart from others.
  struct Subject: Codable, Hashable {
    var name: String
    /// Bytes of the model's variables; nil where the model does not matter.
    var bytes: Int?
    /// How many variables it has.
    var tensors: Int?
    var clients: Int?
  }

  /// Bytes of memory.
  struct Memory: Codable {
    var peakBytes: Int
    /// What the model, the gradients under way and the idle memory may take, and 32 MB.
    var allowedBytes: Int
  }

  var subject: Subject
  var figures: BenchFigures?
  /// Of the C program that does the same.
  var yardstick: BenchFigures?
  var memory: Memory?
  /// For kernels: memory traffic, and that of a plain copy.
  var gigabytesPerSecond: Double?
  var copyGigabytesPerSecond: Double?
  /// How fast the server is as a multiple of the yardstick, or of what it is held against otherwise.
  var ratio: Double?
  var goal: BenchGoal?

  init(_ subject: Subject, goal: BenchGoal? = nil) {
    self.subject = subject
    self.goal = goal
  }

  /// Figures beside those of what they are held against: with several clients by their sum, with one by the median.
  init(_ subject: Subject, _ rounds: [BenchTimes], against others: [BenchTimes], goal: BenchGoal? = nil) {
    self.init(subject, goal: goal)
    let figures = BenchFigures(rounds)
    self.figures = figures
    guard !others.isEmpty else { return }
    let yardstick = BenchFigures(others)
    self.yardstick = yardstick
    ratio = figures.speed(against: yardstick, clients: subject.clients ?? 1)
  }
}

extension BenchFigures {
  func speed(against other: BenchFigures, clients: Int) -> Double {
    clients == 1 ? other.medianSeconds / medianSeconds : perSecond / other.perSecond
  }
}

extension BenchMeasurement.Subject {
  init(_ name: String, _ shape: BenchShape, clients: Int) {
    self.init(name: name, bytes: shape.byteCount, tensors: shape.shapes.count, clients: clients)
  }
}
