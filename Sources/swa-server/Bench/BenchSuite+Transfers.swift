/// Requests that move a model, and those beside them.
extension BenchSuite {
  func measureTransfers(_ name: String, _ kind: BenchRequest.Kind) throws(Failure) {
    for size in sizes {
      let request = BenchRequest(kind: kind, shape: size.shape)
      for count in clients { try measure(name, request, clients: count, goal: BenchGoal(for: request)) }
    }
  }

  func measureSmallRequests() throws(Failure) {
    let shape = BenchSize.small.shape
    try measure(
      "push", BenchRequest(kind: .push, shape: shape), clients: 8, goal: BenchGoal(ratio: 0.75, p99Medians: 5))
    try measure(
      "pull", BenchRequest(kind: .pull, shape: shape), clients: 8, goal: BenchGoal(ratio: 0.8, p99Medians: 5))
  }

  func measureGrowth() throws(Failure) {
    for count in [1, 10, 100, 1000] {
      let shape = BenchShape.equal(count, of: 250_000)
      try measure("push", BenchRequest(kind: .push, shape: shape), clients: 1)
      try measure("pull", BenchRequest(kind: .pull, shape: shape), clients: 1)
    }
  }

  /// Many variables against one: the ratio is the one's time to the many's.
  func measureManyTensors() throws(Failure) {
    let (many, one) = (BenchShape.equal(10_000, of: 2560), BenchShape.equal(1, of: 25_600_000))
    let (serverOfMany, serverOfOne) = (try server(many), try server(one))
    guard target == nil else { return }
    for kind in [BenchRequest.Kind.push, .pull] {
      let clientOfMany = try BenchClients(1, sending: BenchRequest(kind: kind, shape: many), to: serverOfMany.address)
      let clientOfOne = try BenchClients(1, sending: BenchRequest(kind: kind, shape: one), to: serverOfOne.address)
      let subject = BenchMeasurement.Subject("\(kind.rawValue) against one tensor", many, clients: 1)
      try hold(subject, clientOfMany, against: clientOfOne, goal: BenchGoal(ratio: 1 / 1.15))
    }
  }

  /// Every push takes a snapshot, against pushes that take none.
  func measureAveraging() throws(Failure) {
    guard target == nil else { return }
    let shape = BenchShape.resNet50
    let request = BenchRequest(kind: .push, shape: shape)
    let (averaging, plain) = (try server(shape, averagePeriod: 1), try server(shape))
    let subject = BenchMeasurement.Subject("push with a snapshot against one without", shape, clients: 1)
    try hold(
      subject, try BenchClients(1, sending: request, to: averaging.address),
      against: try BenchClients(1, sending: request, to: plain.address))
  }

  /// Small GETs while another client pushes back to back, against the same in quiet.
  func measureSmallBesideLarge() throws(Failure) {
    let shape = BenchShape.resNet50
    let server = try server(shape)
    let pusher = try BenchClients(1, sending: BenchRequest(kind: .push, shape: shape), to: server.address)
    for path in ["/healthz", "/v1/status"] {
      let client = try BenchClients(
        1, sending: BenchRequest(kind: .get, shape: shape, path: path), to: server.address)
      let subject = BenchMeasurement.Subject("GET \(path) beside pushes against in quiet", shape, clients: 1)
      let (beside, quiet) = try takeTurns(
        subject,
        { (round) throws(Failure) in
          pusher.begin(round)
          let times = try client.run(round)
          _ = try pusher.end()
          return times
        }, { (round) throws(Failure) in try client.run(round) })
      // By what a client gets done, not by its median.
      var measurement = BenchMeasurement(
        subject, beside, against: quiet, goal: BenchGoal(ratio: 0.5, p99Seconds: 0.005))
      measurement.ratio = BenchFigures(beside).speed(against: BenchFigures(quiet), clients: 2)
      add(measurement)
    }
  }

  /// Pushes while four clients read slowly, so that versions are held all the time, against the same without.
  func measureSlowReaders() throws(Failure) {
    let shape = BenchShape.resNet50
    let server = try server(shape)
    let pusher = try BenchClients(1, sending: BenchRequest(kind: .push, shape: shape), to: server.address)
    let readers = try BenchClients(4, sending: BenchRequest(kind: .slowPull, shape: shape), to: server.address)
    let subject = BenchMeasurement.Subject("push beside 4 slow readers against without", shape, clients: 1)
    let (beside, without) = try takeTurns(
      subject,
      { (round) throws(Failure) in
        readers.begin(round)
        let times = try pusher.run(round)
        _ = try readers.end()
        return times
      }, { (round) throws(Failure) in try pusher.run(round) })
    add(BenchMeasurement(subject, beside, against: without, goal: BenchGoal(ratio: 1 / 1.3)))
  }

  func hold(
    _ subject: BenchMeasurement.Subject, _ one: BenchClients, against other: BenchClients, goal: BenchGoal? = nil
  ) throws(Failure) {
    let (ones, others) = try takeTurns(
      subject, { (round) throws(Failure) in try one.run(round) }, { (round) throws(Failure) in try other.run(round) })
    add(BenchMeasurement(subject, ones, against: others, goal: goal))
  }
}
