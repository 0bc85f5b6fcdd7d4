import Glibc
import ParameterClient
import Tensors
import Testing

/// What the client does when connections are lost, against literal answers over real sockets.
@Suite(.timeLimit(.minutes(1)))
struct RetryTests {
  private static let receipt =
    #"{"iterations":8,"snapshot":true,"snapshots":2,"staleness":0,"learning_rate":0.1,"gradient_norm":5,"etag":"\"e-w8\""}"#
  private static let weights =
    "\u{35}\0\0\0\0\0\0\0" + #"{"w":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}"# + "abc"

  private static func ok(_ body: String, epoch: String = "e", iteration: Int = 8) -> String {
    """
    HTTP/1.1 200 OK\r\nETag: "x"\r\nWeights-Iteration: \(iteration)\r\nModel-Epoch: \(epoch)\r\n\
    Content-Length: \(body.utf8.count)\r\n\r\n\(body)
    """
  }

  private static func gradients() throws -> TensorFile { try TensorFile([("w", [2], [3, 4])]) }

  private static func client(_ server: ScriptedServer, attempts: Int = 3) throws -> ParameterClient {
    try ParameterClient(url: server.url, retries: RetryPolicy(attempts: attempts, firstDelay: 0.001))
  }

  private static func key(_ request: ScriptedServer.Request) throws -> Substring {
    let field = "Idempotency-Key: "
    return try #require(request.head.split(separator: "\r\n").first { $0.hasPrefix(field) }).dropFirst(field.count)
  }

  private func expectUnreachable(_ body: () throws -> Void) {
    let error = #expect(throws: ClientError.self, performing: body)
    guard case .unreachable = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func aPushWhoseAnswerIsLostIsSentAgainUnderItsKey() throws {
    let cut = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"iterations\""
    let server = try ScriptedServer([[""], [cut], [Self.ok(Self.receipt)]])
    #expect(try Self.client(server).push(Self.gradients()).iterations == 8)
    let requests = server.requests
    #expect(requests.count == 3)
    #expect(Set(try requests.map(Self.key)).count == 1)
    #expect(requests.allSatisfy { $0.body == requests[0].body && !$0.body.isEmpty })
  }

  @Test func aPushWhoseKeptConnectionIsLostIsSentAgain() throws {
    let server = try ScriptedServer([[Self.ok(Self.receipt), ""], [Self.ok(Self.receipt)]])
    let client = try Self.client(server)
    #expect(try client.push(Self.gradients()).iterations == 8)
    #expect(try client.push(Self.gradients()).iterations == 8)
    let keys = try server.requests.map(Self.key)
    #expect(keys.count == 3)
    #expect(keys[0] != keys[1])
    #expect(keys[1] == keys[2])
  }

  @Test func aPushKeepsItsKeyWhenTheServerIsBusy() throws {
    let busy = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0\r\nContent-Length: 2\r\n\r\n{}"
    let server = try ScriptedServer([[busy], [""], [Self.ok(Self.receipt)]])
    #expect(try Self.client(server).push(Self.gradients()).iterations == 8)
    #expect(Set(try server.requests.map(Self.key)).count == 1)
    #expect(server.requests.count == 3)
  }

  @Test func aPushThatIsNeverAnsweredIsGivenUp() throws {
    let server = try ScriptedServer([[""], [""], [""], [Self.ok(Self.receipt)]])
    expectUnreachable { _ = try Self.client(server).push(Self.gradients()) }
    #expect(server.requests.count == 3)
  }

  @Test func aServerThatWentAwayIsWaitedFor() throws {
    let server = try ScriptedServer([[Self.ok(Self.receipt)]])
    let client = try Self.client(server, attempts: 4)
    var notices: [ClientNotice] = []
    client.onNotice = { notices.append($0) }
    _ = try client.push(Self.gradients())
    server.stop()
    expectUnreachable { _ = try client.push(Self.gradients()) }
    #expect(notices.count == 3)
  }

  @Test func aServerThatWasNeverThereIsNotWaitedFor() throws {
    let server = try ScriptedServer([])
    server.stop()
    let client = try Self.client(server)
    var notices: [ClientNotice] = []
    client.onNotice = { notices.append($0) }
    expectUnreachable { _ = try client.push(Self.gradients()) }
    expectUnreachable { _ = try client.pull() }
    #expect(notices == [])
  }

  @Test func aPullThatIsCutShortBeginsAnew() throws {
    let whole = Self.ok(Self.weights)
    let server = try ScriptedServer([[whole, String(whole.dropLast(2))], [whole]])
    let client = try Self.client(server)
    #expect(try client.pull().file["w"]?.shape == [3])
    let weights = try client.pull()
    #expect(weights.file.data.withBytes { bytes in bytes.indices.map { bytes[$0] } } == Array("abc".utf8))
    #expect(server.requests.count == 3)
  }

  @Test func aPullToAFileThatIsCutShortIsGivenUp() throws {
    let whole = Self.ok(Self.weights)
    let server = try ScriptedServer([[whole, String(whole.dropLast(2))], [whole]])
    let client = try Self.client(server)
    _ = try client.pull()
    let path = "/tmp/swa-retry-\(getpid())-\(server.port)"
    let file = try LocalFile(creating: path)
    defer { LocalFile.remove(path) }
    expectUnreachable { _ = try client.pull(to: file) }
    #expect(server.requests.count == 2)
  }

  @Test func whatIsNoPushIsNotSentTwice() throws {
    for call in [{ try $0.initialize(try Self.gradients()) }, { try $0.setOptimizer("{}") }]
      as [(ParameterClient) throws -> Void]
    {
      let server = try ScriptedServer([[Self.ok(Self.receipt), ""], [Self.ok(Self.receipt)]])
      let client = try Self.client(server)
      _ = try client.push(Self.gradients())
      expectUnreachable { try call(client) }
      #expect(server.requests.count == 2)
    }
  }

  @Test func theUserHearsThatARequestIsSentAgain() throws {
    let server = try ScriptedServer([[""], [Self.ok(Self.receipt)]])
    let client = try Self.client(server)
    var notices: [ClientNotice] = []
    client.onNotice = { notices.append($0) }
    _ = try client.push(Self.gradients())
    guard case .retrying(.unreachable, let seconds) = notices.first, notices.count == 1 else {
      Issue.record("\(notices)")
      return
    }
    #expect(0 < seconds && seconds <= 0.001)
  }

  @Test func theUserHearsThatTheModelWentBack() throws {
    let answers = [
      Self.ok(Self.weights, epoch: "a", iteration: 120), Self.ok(Self.receipt, epoch: "a", iteration: 121),
      Self.ok(Self.weights, epoch: "b", iteration: 100), Self.ok(Self.receipt, epoch: "b", iteration: 101),
    ]
    let server = try ScriptedServer([answers])
    let client = try Self.client(server)
    var notices: [ClientNotice] = []
    client.onNotice = { notices.append($0) }
    for _ in 0..<2 {
      let weights = try client.pull()
      _ = try client.push(Self.gradients(), computedAt: weights.version)
    }
    let change = ModelChange(previousEpoch: "a", previousIteration: 121, epoch: "b", iteration: 100)
    #expect(notices == [.modelChanged(change)])
    #expect(change.lostIterations == 21)
    #expect(
      change.description
        == "the server's model was epoch a at iteration 121 and is epoch b at iteration 100: "
        + "it went back 21 iterations, or has another model")
  }

  @Test func anEpochThatTheClientBeganIsNoNews() throws {
    let answers = [
      Self.ok(Self.weights, epoch: "a", iteration: 120), Self.ok("{}", epoch: "b", iteration: 0),
      Self.ok(Self.weights, epoch: "b", iteration: 0), Self.ok(Self.weights, epoch: "c", iteration: 0),
    ]
    let server = try ScriptedServer([answers])
    let client = try Self.client(server)
    var notices: [ClientNotice] = []
    client.onNotice = { notices.append($0) }
    _ = try client.pull()
    try client.setOptimizer("{}")
    _ = try client.pull()
    #expect(notices == [])
    _ = try client.pull()
    #expect(notices.count == 1)
  }

  @Test func averagesSayNothingOfTheIterationsThatThereAre() throws {
    let answers = [
      Self.ok(Self.weights, epoch: "a", iteration: 120), Self.ok(Self.weights, epoch: "a", iteration: 110),
      Self.ok(Self.weights, epoch: "b", iteration: 5),
    ]
    let server = try ScriptedServer([answers])
    let client = try Self.client(server)
    var notices: [ClientNotice] = []
    client.onNotice = { notices.append($0) }
    _ = try client.pull()
    for _ in 0..<2 { _ = try client.pull(averaged: true) }
    let change = ModelChange(previousEpoch: "a", previousIteration: 120, epoch: "b", iteration: nil)
    #expect(notices == [.modelChanged(change)])
  }
}
