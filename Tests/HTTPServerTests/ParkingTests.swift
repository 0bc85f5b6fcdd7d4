import Dispatch
import HTTPServer
import HTTPTypes
import Synchronization
import Testing

/// Requests that wait: for word, for their peer, for a worker, for the end of the server.
@Suite(.timeLimit(.minutes(1))) struct ParkingTests {
  @Test func parkedRequestIsAnsweredFromAnotherThread() throws {
    let live = try LiveServer()
    let client = try RawClient(port: live.port)
    client.send("POST /park HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhiGET /next HTTP/1.1\r\nHost: x\r\n\r\n")
    live.service.parked.wait()
    let parked = live.service.state.withLock { $0.parked }
    #expect(live.server.inflightBytes == 2)
    parked[0].answer(Response(.ok, content: Content(TestExchange.pattern(200_000))))
    #expect(try client.receiveAnswer().content == TestExchange.pattern(200_000))
    #expect(try client.receiveAnswer().text == "hello /next")
    #expect(live.server.inflightBytes == 0)
  }

  @Test func endOfTheClientsDirectionStillGetsTheAnswer() throws {
    let live = try LiveServer()
    let client = try RawClient(port: live.port)
    client.send("GET /park HTTP/1.1\r\nHost: x\r\n\r\n")
    client.shutdownWrite()
    live.service.parked.wait()
    // Another request behind it: the loop has heard of the end by then.
    let other = try RawClient(port: live.port)
    other.send("GET /other HTTP/1.1\r\nHost: x\r\n\r\n")
    #expect(try other.receiveAnswer().status == 200)
    live.service.state.withLock { $0.parked }[0].answer(Response(.ok, content: Content(TestExchange.pattern(200_000))))
    #expect(try client.receiveAnswer().content.count == 200_000)
    #expect(client.receiveAll() == "")
  }

  @Test func hangUpEndsAParkedRequest() throws {
    let live = try LiveServer { $0.headTimeout = .milliseconds(100) }
    var client: RawClient? = try RawClient(port: live.port)
    client?.send("GET /park HTTP/1.1\r\nHost: x\r\n\r\n")
    live.service.parked.wait()
    client = nil
    #expect(live.eventually { live.server.openConnections == 0 })
    live.service.state.withLock { $0.parked }[0].answer(Response(.ok))
    let next = try RawClient(port: live.port)
    next.send("GET /next HTTP/1.1\r\nHost: x\r\n\r\n")
    #expect(try next.receiveAnswer().text == "hello /next")
  }

  @Test func slowSenderHoldsNoWorker() throws {
    let live = try LiveServer { $0.maximumWorkers = 1 }
    let slow = try RawClient(port: live.port)
    slow.send("POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n")
    slow.send([UInt8](repeating: 1, count: 100_000))
    #expect(live.eventually { live.server.inflightBytes == 100_000 })
    let quick = try RawClient(port: live.port)
    quick.send("POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n")
    quick.send([UInt8](repeating: 1, count: 300_000))
    #expect(try quick.receiveAnswer().text == "300000")
    slow.send([UInt8](repeating: 1, count: 100_000))
    #expect(try slow.receiveAnswer().text == "200000")
  }

  @Test func slowReaderHoldsNoWorker() throws {
    let live = try LiveServer { $0.maximumWorkers = 1 }
    let slow = try RawClient(port: live.port, receiveBuffer: 8192)
    slow.send("GET /big?10000000 HTTP/1.1\r\nHost: x\r\n\r\n")
    #expect(live.eventually { live.server.bytesOut > 10_000 })
    let quick = try RawClient(port: live.port)
    quick.send("GET /big?1000000 HTTP/1.1\r\nHost: x\r\n\r\n")
    #expect(try quick.receiveAnswer().content.count == 1_000_004)
    #expect(live.server.bytesOut < 10_000_000)
    #expect(try slow.receiveAnswer().content.count == 10_000_004)
  }

  @Test func requestThatFindsNoWorkerIs503() throws {
    let live = try LiveServer {
      $0.maximumWorkers = 1
      $0.headTimeout = .milliseconds(100)
    }
    let first = try RawClient(port: live.port)
    first.send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n")
    live.service.heldUp.wait()
    let second = try RawClient(port: live.port)
    second.send("GET /worker HTTP/1.1\r\nHost: x\r\n\r\n")
    let answer = try second.receiveAnswer()
    #expect(answer.status == 503)
    #expect(answer.head.contains("\r\nRetry-After: "))
    live.service.letGo.signal()
    #expect(try first.receiveAnswer().status == 200)
    second.send("GET /worker HTTP/1.1\r\nHost: x\r\n\r\n")
    #expect(try second.receiveAnswer().text == "worker")
  }

  @Test func stopLetsRequestsUnderWayFinish() throws {
    let live = try LiveServer()
    let idle = try RawClient(port: live.port)
    let clients = try (0..<8).map { _ in try RawClient(port: live.port) }
    for client in clients { client.send("GET /park HTTP/1.1\r\nHost: x\r\n\r\n") }
    for _ in clients { live.service.parked.wait() }
    let held = try RawClient(port: live.port)
    held.send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n")
    live.service.heldUp.wait()
    let service = live.service
    let server = live.server
    Thread.run {
      // The idle connection's end tells that the stop has begun.
      #expect(idle.receiveAll() == "")
      for parked in service.state.withLock({ $0.parked }) { parked.answer(Response(.ok)) }
      service.letGo.signal()
    }
    server.stop(grace: .seconds(20))
    for client in clients + [held] {
      let all = try #require(client.receiveAll())
      #expect(all.hasPrefix("HTTP/1.1 200 OK\r\n"))
      #expect(all.contains("\r\nConnection: close\r\n"))
    }
    #expect(server.openConnections == 0)
    #expect(throws: RawClient.Refused.self) { try RawClient(port: live.port) }
  }

  @Test func stopEndsWhatOutlastsTheGrace() throws {
    let live = try LiveServer()
    let parked = try RawClient(port: live.port)
    parked.send("GET /park HTTP/1.1\r\nHost: x\r\n\r\n")
    live.service.parked.wait()
    let half = try RawClient(port: live.port)
    half.send("GET /half HTTP/1.1\r\n")
    #expect(live.eventually { live.server.openConnections == 2 })
    live.server.stop(grace: .milliseconds(50))
    #expect(try #require(parked.receiveAll()).hasPrefix("HTTP/1.1 503 "))
    #expect(half.receiveAll() == "")
  }
}
