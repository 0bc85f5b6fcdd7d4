import Sockets

/// What a server takes as a process: memory, and time to start. Only of servers of our own.
extension BenchSuite {
  /// Peak resident memory of a server with momentum and an average, after pushes of one client and then of four.
  func measureMemory() throws(Failure) {
    guard target == nil else { return }
    let shape = BenchShape.resNet50
    let server = try server(shape, averagePeriod: 10)
    for count in [1, 4] {
      let subject = BenchMeasurement.Subject("memory after pushes", shape, clients: count)
      let clients = try BenchClients(count, sending: BenchRequest(kind: .push, shape: shape), to: server.address)
      _ = try takeTurns(subject, { (round) throws(Failure) in try clients.run(round) }, { _ in nil })
      guard let peak = try server.peakMemory() else { return }
      var measurement = BenchMeasurement(subject, goal: BenchGoal(ratio: 1))
      // Variables, a slot, an average; a gradient for each push; one idle region.
      let allowed = Int(1.1 * Double(3 * shape.byteCount)) + (count + 1) * shape.byteCount + 32_000_000
      measurement.memory = BenchMeasurement.Memory(peakBytes: peak, allowedBytes: allowed)
      measurement.ratio = Double(allowed) / Double(peak)
      add(measurement)
    }
  }

  /// From the start of the process to the answer to its first request, found by asking until there is one.
  func measureStart() throws(Failure) {
    guard target == nil else { return }
    let subject = BenchMeasurement.Subject(name: "start", bytes: nil, tensors: nil, clients: nil)
    let (times, _) = try takeTurns(
      subject,
      { (_) throws(Failure) in
        var requests: [Double] = []
        let start = MonotonicTime.now
        for _ in 0..<10 {
          let begin = MonotonicTime.now
          let server = try BenchServer()
          requests.append(MonotonicTime.now.seconds(since: begin))
          withExtendedLifetime(server) {}
        }
        return BenchTimes(round: MonotonicTime.now.seconds(since: start), requests: requests)
      }, { _ in nil })
    add(BenchMeasurement(subject, times, against: [], goal: BenchGoal(medianSeconds: 0.02)))
  }
}
