import ArgumentParser
import Sockets

/// Where a server is that a benchmark uses: `http://HOST:PORT`.
struct BenchURL: ExpressibleByArgument {
  let address: SocketAddress

  init?(argument: String) {
    guard argument.hasPrefix("http://") else { return nil }
    let authority = argument.dropFirst(7).prefix { $0 != "/" }
    guard let colon = authority.lastIndex(of: ":"), let port = Int(authority[authority.index(after: colon)...]),
      (1...65535).contains(port)
    else { return nil }
    var host = authority[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    guard !host.isEmpty else { return nil }
    address = SocketAddress(host: String(host), port: port)
  }
}
