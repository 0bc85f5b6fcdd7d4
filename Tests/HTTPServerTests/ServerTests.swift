import HTTPServer
import HTTPTypes
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct ServerTests {
  @Test func smallRequestsShareAConnection() throws {
    let live = try LiveServer()
    let client = try RawClient(port: live.port)
    for index in 0..<3 {
      client.send("GET /\(index)?q HTTP/1.1\r\nHost: x\r\n\r\n")
      let answer = try client.receiveAnswer()
      #expect(answer.status == 200)
      #expect(answer.text == "hello /\(index)?q")
      #expect(answer.head.contains("\r\nServer: swa-server"))
      #expect(answer.head.contains(" GMT"))
    }
  }

  @Test func pipelinedRequestsAreAnsweredInOrder() throws {
    let live = try LiveServer()
    let client = try RawClient(port: live.port)
    client.send((0..<300).map { "GET /\($0) HTTP/1.1\r\nHost: x\r\n\r\n" }.joined())
    for index in 0..<300 { #expect(try client.receiveAnswer().text == "hello /\(index)") }
    client.send("GET /worker HTTP/1.1\r\nHost: x\r\n\r\nPOST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi")
    client.send("GET /last HTTP/1.1\r\nHost: x\r\n\r\n")
    #expect(try client.receiveAnswer().text == "worker")
    #expect(try client.receiveAnswer().text == "hi")
    #expect(try client.receiveAnswer().text == "hello /last")
  }

  @Test func requestInDripsIsAnswered() throws {
    let live = try LiveServer()
    let client = try RawClient(port: live.port)
    for byte in "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello".utf8 { client.send([byte]) }
    #expect(try client.receiveAnswer().text == "hello")
  }

  @Test func bigContentArrivesWhole() throws {
    let live = try LiveServer()
    let client = try RawClient(port: live.port)
    let content = TestExchange.pattern(5_000_000)
    for path in ["/count", "/echo"] {
      client.send("POST \(path) HTTP/1.1\r\nHost: x\r\nContent-Length: \(content.count)\r\n\r\n")
      client.send(content)
      let answer = try client.receiveAnswer()
      if path == "/count" { #expect(answer.text == "5000000") } else { #expect(answer.content == content) }
    }
    #expect(live.server.inflightBytes == 0)
  }

  @Test func chunkedContentArrivesWhole() throws {
    let live = try LiveServer()
    let client = try RawClient(port: live.port)
    let content = TestExchange.pattern(300_000)
    var wire = Array("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
    var start = 0
    for size in [1, 7, 1000, 20_000, 100_000, 178_992] {
      wire += Array("\(String(size, radix: 16));x=y\r\n".utf8) + content[start..<(start + size)] + [13, 10]
      start += size
    }
    client.send(wire + Array("0\r\nTrailer: x\r\n\r\nGET /next HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
    #expect(try client.receiveAnswer().content == content)
    #expect(try client.receiveAnswer().text == "hello /next")
  }

  @Test func bigAnswerArrivesWholeAtASlowReader() throws {
    let live = try LiveServer()
    let client = try RawClient(port: live.port, receiveBuffer: 8192)
    client.send("GET /big?8000000 HTTP/1.1\r\nHost: x\r\n\r\nGET /next HTTP/1.1\r\nHost: x\r\n\r\n")
    let answer = try client.receiveAnswer()
    #expect(answer.content == Array("head".utf8) + TestExchange.pattern(8_000_000))
    #expect(try client.receiveAnswer().text == "hello /next")
  }

  @Test func headAndNoContentHaveNone() throws {
    let live = try LiveServer()
    let client = try RawClient(port: live.port)
    client.send("HEAD /abc HTTP/1.1\r\nHost: x\r\n\r\n")
    #expect(try client.receiveAnswer(hasContent: false).head.contains("\r\nContent-Length: 10"))
    client.send("GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n")
    let answer = try client.receiveAnswer()
    #expect(answer.status == 204)
    #expect(!answer.head.contains("Content-Length"))
    client.send("GET /next HTTP/1.1\r\nHost: x\r\n\r\n")
    #expect(try client.receiveAnswer().text == "hello /next")
  }

  @Test(arguments: ["GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"])
  func connectionClosesAfterTheAnswer(_ wire: String) throws {
    let live = try LiveServer()
    let client = try RawClient(port: live.port)
    client.send(wire)
    let all = try #require(client.receiveAll())
    #expect(all.hasPrefix("HTTP/1.1 200 OK\r\n"))
    #expect(all.contains("\r\nConnection: close\r\n"))
  }

  @Test func continueIsSentOnceTheHeadIsAccepted() throws {
    let live = try LiveServer(contentLimit: 10)
    let client = try RawClient(port: live.port)
    client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
    #expect(try client.receiveAnswer().status == 100)
    client.send("hello")
    #expect(try client.receiveAnswer().text == "hello")
    // Not when the content has begun to come.
    client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello")
    #expect(try client.receiveAnswer().status == 200)
  }

  @Test(arguments: [
    ("POST /refuse HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n", 404),
    ("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n", 413),
    ("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 200-ok\r\n\r\n", 417),
    ("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world", 413),
    ("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nhello", 400),
    ("GET / HTTP/1.1\r\n\r\n", 400), ("GET / HTTP/3.0\r\nHost: x\r\n\r\n", 505),
    ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
    ("GET /" + String(repeating: "a", count: 40_000), 414),
    ("GET / HTTP/1.1\r\nA: " + String(repeating: "a", count: 40_000), 431),
  ])
  func refusalIsAProblemAndTheEnd(_ wire: String, _ status: Int) throws {
    let live = try LiveServer(contentLimit: 10)
    let client = try RawClient(port: live.port)
    client.send(wire)
    let all = try #require(client.receiveAll())
    #expect(all.hasPrefix("HTTP/1.1 \(status) "))
    #expect(all.contains("\r\nContent-Type: application/problem+json\r\n"))
    #expect(all.contains("\r\nConnection: close\r\n"))
    #expect(all.contains("\"type\":\"/problems/"))
    #expect(all.hasSuffix("}\n"))
    #expect(!all.contains("100 Continue"))
  }

  @Test func refusalWithoutContentKeepsTheConnection() throws {
    let live = try LiveServer()
    let client = try RawClient(port: live.port)
    client.send("GET /refuse HTTP/1.1\r\nHost: x\r\n\r\nGET /next HTTP/1.1\r\nHost: x\r\n\r\n")
    #expect(try client.receiveAnswer().status == 404)
    #expect(try client.receiveAnswer().text == "hello /next")
  }

  @Test func earlyRefusalReachesAClientThatIsStillSending() throws {
    let live = try LiveServer()
    let client = try RawClient(port: live.port)
    client.send("POST /refuse HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n")
    client.send([UInt8](repeating: 0, count: 900_000))
    let all = try #require(client.receiveAll())
    #expect(all.hasPrefix("HTTP/1.1 404 "))
  }

  @Test func droppedResponderIs500() throws {
    let live = try LiveServer()
    let client = try RawClient(port: live.port)
    client.send("GET /drop HTTP/1.1\r\nHost: x\r\n\r\nGET /next HTTP/1.1\r\nHost: x\r\n\r\n")
    #expect(try client.receiveAnswer().status == 500)
    #expect(try client.receiveAnswer().text == "hello /next")
  }

  @Test func contentCutShortIsDroppedWithoutAnAnswer() throws {
    let live = try LiveServer()
    for length in [100, 1_000_000] {
      let client = try RawClient(port: live.port)
      client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: \(length)\r\n\r\nhello")
      client.shutdownWrite()
      #expect(client.receiveAll() == "")
    }
    #expect(live.eventually { live.service.state.withLock { $0.dropped } == 2 })
    #expect(live.eventually { live.service.state.withLock { $0.served.map(\.status) } == [nil, nil] })
    #expect(live.eventually { live.server.inflightBytes == 0 })
  }
}
