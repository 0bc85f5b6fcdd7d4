import Processes
import Sockets

/// The client processes of one load, which wait between rounds.
final class BenchClients {
  private var processes: [ChildProcess] = []

  /// Starts `count` processes and waits until all have warmed up.
  init(_ count: Int, sending request: BenchRequest, to address: SocketAddress) throws(Failure) {
    for _ in 0..<count {
      do {
        processes.append(
          try ChildProcess(arguments: [
            "bench-client", "--host", address.host, "--port", "\(address.port)", "--kind", request.kind.rawValue,
            "--shape", "\(request.shape)", "--path", request.path,
          ]))
      } catch {
        throw Failure(.software, "\(error)")
      }
    }
    for process in processes where process.readLine() != "ready" { throw Self.lost }
  }

  var count: Int { processes.count }

  /// Lets all clients go on for a round, without waiting for it.
  func begin(_ round: BenchRound) {
    for process in processes { process.tell("\(round)") }
  }

  /// Waits until the round is over for all clients.
  func end() throws(Failure) -> BenchTimes {
    var all = BenchTimes(round: 0, requests: [])
    for process in processes {
      guard let line = process.readLine(), let times = BenchTimes(line: line) else { throw Self.lost }
      all.round = max(all.round, times.round)
      all.requests += times.requests
    }
    return all
  }

  func run(_ round: BenchRound) throws(Failure) -> BenchTimes {
    begin(round)
    return try end()
  }

  /// It has said why on stderr.
  private static let lost = Failure(.unavailable, "a client of the benchmark has ended early")
}
