import ArgumentParser
import Sockets
import Tensors

/// One client of a benchmark, a process of its own: told by lines on stdin to go on for so many seconds, it prints how
/// many nanoseconds the round and each request in it took.
struct BenchClientCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "bench-client", shouldDisplay: false)

  @Option var host: String
  @Option var port: Int
  @Option var kind: BenchRequest.Kind
  @Option var shape: BenchShape
  @Option var path = "/healthz"

  func run() throws {
    let request = BenchRequest(kind: kind, shape: shape, path: path)
    var client = try BenchClient(request, at: SocketAddress(host: host, port: port))
    try client.warmUp()
    StandardStream.output.write("ready\n")
    while let line = readLine(), let round = BenchRound(line: line) {
      StandardStream.output.write("\(try client.run(round))\n")
    }
  }
}
