import Logging
import Sockets
import Testing

@testable import HTTPServer

/// A connection over memory: every cut of what comes in and of what goes out.
@Suite struct ConnectionTests {
  /// A connection, and the turns that a loop would give it.
  private struct Bench {
    let stream = MemoryStream()
    let connection: Connection
    var place = Place(isLoop: true, bufferSize: 4096)

    init() throws {
      let context = ServerContext(
        configuration: ServerConfiguration(), service: TestService(), logger: Logger(label: "test"))
      let loop = LoopHandle(try Mailbox(waking: Poller(), token: 0), context.threads)
      connection = Connection(token: 0, stream: stream, peer: "", loop: loop, context: context, now: .now)
    }

    mutating func turn() -> Turn.Pause {
      var ready = ReadySet.all
      return connection.run(&place, &ready).pause
    }

    /// The statuses and contents of what was written.
    func answers() -> [String] {
      var bytes = stream.takeWritten()
      var answers: [String] = []
      while let answer = Answer(&bytes, hasContent: true) { answers.append("\(answer.status) \(answer.text)") }
      return answers
    }
  }

  @Test(arguments: [
    (
      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhelloGET /a HTTP/1.1\r\nHost: x\r\n\r\n",
      ["200 hello", "200 hello /a"]
    ),
    (
      "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;a\r\nlo\r\n0\r\nA: b\r\n\r\n"
        + "GET /a HTTP/1.1\r\nHost: x\r\n\r\n",
      ["200 hello", "200 hello /a"]
    ),
    (
      "GET /drop HTTP/1.1\r\nHost: x\r\n\r\nGET /refuse HTTP/1.1\r\nHost: x\r\n\r\n",
      ["500 ", "404 "]
    ),
  ])
  func requestsCutAnywhereAreAnswered(_ wire: String, _ expected: [String]) throws {
    let bytes = Array(wire.utf8)
    for split in 0...bytes.count {
      var bench = try Bench()
      bench.stream.put(Array(bytes[..<split]))
      #expect(bench.turn() == .transport(.readable))
      bench.stream.put(Array(bytes[split...]))
      #expect(bench.turn() == .transport(.readable))
      let answers = bench.answers()
      #expect(answers.count == expected.count)
      #expect(zip(answers, expected).allSatisfy { $0.hasPrefix($1) })
    }
  }

  @Test func answerLeavesInTheStepsThatTheTransportTakes() throws {
    var bench = try Bench()
    bench.stream.limitWrites(to: 0)
    bench.stream.put(Array("GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
    #expect(bench.turn() == .transport(.writable))
    var turns = 0
    repeat {
      bench.stream.limitWrites(to: 7)
      turns += 1
    } while bench.turn() == .transport(.writable)
    #expect(turns > 20)
    #expect(bench.answers() == ["200 hello /a", "200 hello /b"])
  }

  @Test func bigContentAndBigAnswersAreForWorkers() throws {
    var bench = try Bench()
    bench.stream.put(Array("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\nx".utf8))
    #expect(bench.turn() == .worker)
    var other = try Bench()
    other.stream.put(Array("GET /big?70000 HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
    #expect(other.turn() == .worker)
  }

  @Test func endOfTheClientEndsTheConnection() throws {
    var bench = try Bench()
    bench.stream.put(Array("GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b".utf8))
    bench.stream.putEnd()
    // A short read: the end is told by the transport's next sign.
    #expect(bench.turn() == .transport(.readable))
    #expect(bench.turn() == .closed)
    #expect(bench.answers() == ["200 hello /a"])
  }
}
