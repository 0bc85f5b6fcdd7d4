import HTTPServer
import HTTPTypes
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

  @Test func bigContentArrivesWhole() throws {
    let live = try LiveServer()
    let client = try RawClient(port: live.port)
    let content = TestExchange.pattern(5_000_000)
    let thread = content
    client.send("POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: \(content.count)\r\n\r\n")
    client.send(thread)
    #expect(try client.receiveAnswer().text == "5000000")
    client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: \(content.count)\r\n\r\n")
    client.send(content)
    #expect(try client.receiveAnswer().content == content)
  }

  @Test func bigAnswerArrivesWholeAtASlowReader() throws {
    let live = try LiveServer()
    let client = try RawClient(port: live.port, receiveBuffer: 8192)
    client.send("GET /big?8000000 HTTP/1.1\r\nHost: x\r\n\r\nGET /next HTTP/1.1\r\nHost: x\r\n\r\n")
    let answer = try client.receiveAnswer()
    #expect(answer.content == Array("head".utf8) + TestExchange.pattern(8_000_000))
    #expect(try client.receiveAnswer().text == "hello /next")
  }
}
