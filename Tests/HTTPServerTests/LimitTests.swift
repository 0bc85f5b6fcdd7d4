import Dispatch
import HTTPServer
import HTTPTypes
import Testing

@Suite(.timeLimit(.minutes(1))) struct LimitTests {
  @Test func headInDripsIs408() throws {
    let live = try LiveServer { $0.headTimeout = .milliseconds(100) }
    let client = try RawClient(port: live.port)
    client.send("GET / HT")
    let all = try #require(client.receiveAll())
    #expect(all.hasPrefix("HTTP/1.1 408 "))
    #expect(all.contains("\r\nConnection: close\r\n"))
  }

  @Test func idleConnectionIsClosedSilently() throws {
    let live = try LiveServer { $0.idleTimeout = .milliseconds(50) }
    let fresh = try RawClient(port: live.port)
    #expect(fresh.receiveAll() == "")
    let used = try RawClient(port: live.port)
    used.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    #expect(try used.receiveAnswer().status == 200)
    #expect(used.receiveAll() == "")
  }

  @Test func oldestIdleConnectionMakesRoom() throws {
    let live = try LiveServer { $0.maximumConnections = 2 }
    let clients = try (0..<2).map { _ in try RawClient(port: live.port) }
    for client in [clients[1], clients[0]] {
      client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try client.receiveAnswer().status == 200)
    }
    let third = try RawClient(port: live.port)
    third.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    #expect(try third.receiveAnswer().status == 200)
    #expect(clients[1].receiveAll() == "")
    clients[0].send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    #expect(try clients[0].receiveAnswer().status == 200)
  }

  @Test func connectionBeyondTheLimitIs503() throws {
    let live = try LiveServer { $0.maximumConnections = 1 }
    let first = try RawClient(port: live.port)
    first.send("GET /park HTTP/1.1\r\nHost: x\r\n\r\n")
    live.service.parked.wait()
    let second = try RawClient(port: live.port)
    second.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    #expect(try #require(second.receiveAll()).hasPrefix("HTTP/1.1 503 "))
  }

  @Test func newestContentGoesWhenTheBudgetIsSpent() throws {
    let live = try LiveServer { $0.maximumInflightBytes = 1_000_000 }
    let oldest = try RawClient(port: live.port)
    oldest.send("POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n")
    oldest.send([UInt8](repeating: 1, count: 400_000))
    #expect(live.eventually { live.server.inflightBytes == 400_000 })
    let newest = try RawClient(port: live.port)
    newest.send("POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n")
    newest.send([UInt8](repeating: 1, count: 400_000))
    #expect(live.eventually { live.server.inflightBytes == 800_000 })
    oldest.send([UInt8](repeating: 1, count: 500_000))
    #expect(try oldest.receiveAnswer().text == "900000")
    #expect(try #require(newest.receiveAll()).hasPrefix("HTTP/1.1 503 "))
    #expect(live.eventually { live.server.inflightBytes == 0 })
  }

  @Test func contentBeyondTheWholeBudgetIs413() throws {
    let live = try LiveServer { $0.maximumInflightBytes = 100_000 }
    let client = try RawClient(port: live.port)
    client.send("POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: 100001\r\n\r\n")
    #expect(try #require(client.receiveAll()).hasPrefix("HTTP/1.1 413 "))
  }

  @Test func moreDescriptorsThanTheHardLimitAreRefused() {
    #expect(throws: (any Error).self) { try LiveServer { $0.maximumConnections = 2_000_000_000 } }
  }
}
