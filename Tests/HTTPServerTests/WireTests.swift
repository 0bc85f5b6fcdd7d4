import Logging
import Sockets
import Testing

@testable import HTTPServer

/// The tables of literal bytes, over a socket and, in memory, cut at every place.
@Suite(.timeLimit(.minutes(5))) struct WireTests {
  private static let cases = WireCase.heads + WireCase.content
  /// Sent behind each case: answered exactly when the connection goes on, in step.
  private static let probe = Array("GET /probe HTTP/1.1\r\nHost: a\r\n\r\n".utf8)

  @Test func overASocket() throws {
    let live = try LiveServer { $0.maximumBodyBytes = 1 << 30 }
    for wireCase in Self.cases {
      let client = try RawClient(port: live.port)
      client.send(wireCase.wire + Self.probe)
      client.shutdownWrite()
      let all = try #require(client.receiveAll(), "\(wireCase.testDescription): reset")
      expect(Array(all.utf8), for: wireCase)
    }
  }

  /// All at once, byte by byte, and in two pieces for every place between them.
  @Test(arguments: cases) func cutAnywhere(_ wireCase: WireCase) throws {
    let wire = wireCase.wire + Self.probe
    let isLong = wire.count > 1000
    let step = isLong ? wire.count / 20 : 1
    for split in stride(from: 0, through: wireCase.wire.count, by: step) {
      expect(try answers(to: [Array(wire[..<split]), Array(wire[split...])]), for: wireCase)
    }
    if !isLong { expect(try answers(to: wire.map { [$0] }), for: wireCase) }
  }

  /// What a connection writes that reads these pieces, each in a turn of its own.
  private func answers(to pieces: [[UInt8]]) throws -> [UInt8] {
    var configuration = ServerConfiguration()
    configuration.maximumBodyBytes = 1 << 30
    let context = ServerContext(configuration: configuration, service: TestService(), logger: Logger(label: "test"))
    let loop = LoopHandle(try Mailbox(waking: Poller(), token: 0), context.threads)
    let stream = MemoryStream()
    let connection = Connection(token: 0, stream: stream, peer: "", loop: loop, context: context, now: .now)
    var place = Place(isLoop: true, bufferSize: 4096)
    for piece in pieces {
      stream.put(piece)
      var ready = ReadySet.all
      // A long answer, or content as long, would be for a worker.
      #expect(connection.run(&place, &ready).pause != .worker)
    }
    stream.putEnd()
    var ready = ReadySet.all
    for _ in 0..<10 where connection.run(&place, &ready).pause != .closed { ready = .all }
    return stream.takeWritten()
  }

  private func expect(_ written: [UInt8], for wireCase: WireCase) {
    var left = written
    var statuses: [Int] = []
    var last: Answer?
    let isHead = wireCase.wire.starts(with: Array("HEAD ".utf8))
    while !left.isEmpty, let answer = Answer(&left, hasContent: !(isHead && statuses.isEmpty)) {
      // Whether 100 comes depends on how fast the content does.
      if answer.status != 100 { statuses.append(answer.status) }
      last = answer
    }
    let what = Comment(rawValue: wireCase.testDescription)
    #expect(left.isEmpty, what)
    #expect(statuses == wireCase.statuses + (wireCase.closes ? [] : [200]), what)
    if wireCase.closes {
      #expect(last?.head.contains("\r\nConnection: close") ?? false, what)
    } else {
      #expect(last?.text == "hello /probe", what)
    }
  }
}
