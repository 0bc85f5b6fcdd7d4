import Sockets

/// A run of benchmarks: how long, against what, and where its measurements go.
final class BenchSuite {
  /// Rounds of each side, which take turns.
  let rounds: Int
  let seconds: Double
  let sizes: [BenchSize]
  let clients: [Int]
  /// A server that was there; nil when each benchmark starts its own.
  let target: SocketAddress?
  /// The yardstick's program.
  let yardstick: String?
  private(set) var report: BenchReport
  private let interruption: Interruption

  init(_ command: BenchCommand, report: BenchReport, interruption: Interruption) throws(Failure) {
    rounds = command.rounds
    seconds = command.seconds
    sizes = command.sizes
    clients = command.clients
    target = command.url?.address
    yardstick = command.yardstick
    self.report = report
    self.interruption = interruption
  }

  func run(_ topic: BenchTopic) throws(Failure) {
    switch topic {
    case .push: try measureTransfers("push", .push)
    case .pull: try measureTransfers("pull", .pull)
    case .exchange: try measureTransfers("exchange", .exchange)
    case .small: try measureSmallRequests()
    case .tensors: try measureManyTensors()
    case .averaging: try measureAveraging()
    case .sparse: try measureSparsePushes()
    case .mixed: try measureSmallBesideLarge()
    case .slowReaders: try measureSlowReaders()
    case .growth: try measureGrowth()
    case .memory: try measureMemory()
    case .kernels: try measureKernels()
    case .start: try measureStart()
    }
  }

  /// A server with a model of this shape.
  func server(
    _ shape: BenchShape, averagePeriod: Int? = nil, rule: BenchRule = .momentum
  ) throws(Failure) -> BenchServer {
    let server = if let target { BenchServer(at: target) } else { try BenchServer() }
    try server.prepare(shape, averagePeriod: averagePeriod, rule: rule)
    return server
  }

  /// Measures a request, in turns with the yardstick if there is one.
  func measure(
    _ name: String, _ request: BenchRequest, clients: Int, goal: BenchGoal? = nil
  ) throws(Failure) {
    let server = try server(request.shape)
    let ours = try BenchClients(clients, sending: request, to: server.address)
    var others: BenchClients?
    var other: BenchYardstick?
    if let yardstick {
      let started = try BenchYardstick(yardstick, for: request)
      others = try BenchClients(clients, sending: request, to: started.address)
      other = started
    }
    let subject = BenchMeasurement.Subject(name, request.shape, clients: clients)
    let (mine, theirs) = try takeTurns(
      subject, { (round) throws(Failure) in try ours.run(round) },
      { (round) throws(Failure) in try others?.run(round) })
    withExtendedLifetime((server, other)) {}
    report.add(BenchMeasurement(subject, mine, against: theirs, goal: goal))
  }

  /// Rounds of one and the other in turns, so that what else the machine does meets both.
  func takeTurns(
    _ subject: BenchMeasurement.Subject, _ one: (BenchRound) throws(Failure) -> BenchTimes,
    _ other: (BenchRound) throws(Failure) -> BenchTimes?
  ) throws(Failure) -> (one: [BenchTimes], other: [BenchTimes]) {
    let round = BenchRound(seconds: seconds, minimum: 2)
    // Does not count: memory and connections become as they are while clients go on.
    let warmUp = BenchRound(seconds: seconds / 4, minimum: 2)
    _ = try one(warmUp)
    _ = try other(warmUp)
    var ones: [BenchTimes] = []
    var others: [BenchTimes] = []
    for index in 0..<rounds {
      try interruption.check()
      report.progress.show("\(BenchTable.title(of: subject)): round \(index + 1) of \(rounds)")
      ones.append(try one(round))
      if let times = try other(round) { others.append(times) }
    }
    return (ones, others)
  }

  /// Shows what comes next, unless all is to end.
  func begin(_ subject: BenchMeasurement.Subject) throws(Failure) {
    try interruption.check()
    report.progress.show(BenchTable.title(of: subject))
  }

  func add(_ measurement: BenchMeasurement) {
    report.add(measurement)
  }
}
