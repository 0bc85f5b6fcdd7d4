import ParameterClient
import Tensors
import Testing

/// The client against literal answers, over real sockets.
@Suite(.timeLimit(.minutes(1)))
struct ParameterClientTests {
  private static let receipt =
    #"{"iterations":8,"snapshot":true,"snapshots":2,"staleness":0,"learning_rate":0.1,"gradient_norm":5,"etag":"\"e-w8\""}"#
    + "\n"
  private static let busy =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0\r\nContent-Length: 2\r\n\r\n{}"

  private static func ok(_ body: String) -> String {
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
  }

  private static func gradients() throws -> TensorFile { try TensorFile([("w", [2], [3, 4])]) }

  private static func client(_ server: ScriptedServer) throws -> ParameterClient {
    try ParameterClient(
      url: server.url, credentials: Credentials(token: "secret", trainerID: "t-1"),
      retries: RetryPolicy(attempts: 3, firstDelay: 0.001))
  }

  @Test func pushSendsTheFileAndWhatTheServerWantsToKnow() throws {
    let server = try ScriptedServer([[Self.ok(Self.receipt)]])
    let version = WeightsVersion(iteration: 7, modelEpoch: "e", etag: "\"e-w7\"")
    let receipt = try Self.client(server).push(Self.gradients(), computedAt: version, trainingLoss: 0.25)
    #expect(receipt.iterations == 8 && receipt.snapshot && receipt.snapshots == 2 && receipt.staleness == 0)
    #expect(receipt.learningRate == 0.1 && receipt.gradientNorm == 5 && receipt.etag == "\"e-w8\"")
    let request = try #require(server.requests.first)
    var lines = request.head.split(separator: "\r\n").map(String.init)
    #expect(lines.removeFirst() == "POST /v1/gradients HTTP/1.1")
    let expected = [
      "Weights-Iteration: 7", "Model-Epoch: e", "Training-Loss: 0.25", "Trainer-Id: t-1",
      "Authorization: Bearer secret",
      "Content-Type: application/octet-stream", "Content-Length: \(try Self.gradients().encoded().count)",
    ]
    #expect(lines.contains { $0.hasPrefix("Idempotency-Key: \"") && $0.hasSuffix("\"") })
    for line in expected { #expect(lines.contains(line), "\(lines)") }
    #expect(!lines.contains { $0.hasPrefix("Expect") || $0.hasPrefix("Transfer-Encoding") })
    #expect(request.body == (try Self.gradients().encoded()))
  }

  @Test func pullReadsTheTensorsAndTheirVersion() throws {
    let header = #"{"w":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}"#
    let file = "\u{35}\0\0\0\0\0\0\0\(header)abc"
    #expect(header.utf8.count == 0x35)
    let head = "ETag: \"e-w7\"\r\nWeights-Iteration: 7\r\nModel-Epoch: e\r\n"
    let server = try ScriptedServer([["HTTP/1.1 200 OK\r\n\(head)Content-Length: \(file.utf8.count)\r\n\r\n\(file)"]])
    let weights = try Self.client(server).pull(averaged: true)
    #expect(weights.version == WeightsVersion(iteration: 7, modelEpoch: "e", etag: "\"e-w7\""))
    #expect(weights.file["w"]?.dtype == .u8 && weights.file["w"]?.shape == [3])
    #expect(weights.file.data.withBytes { bytes in bytes.indices.map { bytes[$0] } } == Array("abc".utf8))
    #expect(server.requests.first?.head.hasPrefix("GET /v1/weights/averaged HTTP/1.1\r\n") == true)
  }

  @Test func initializeNeverReplaces() throws {
    let server = try ScriptedServer([["HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"]])
    try Self.client(server).initialize(Self.gradients())
    let head = try #require(server.requests.first?.head)
    #expect(head.hasPrefix("PUT /v1/weights HTTP/1.1\r\n") && head.contains("\r\nIf-None-Match: *\r\n"))
  }

  @Test func aBusyServerIsAskedAgain() throws {
    let server = try ScriptedServer([[Self.busy, Self.busy, Self.ok(Self.receipt)]])
    #expect(try Self.client(server).push(Self.gradients()).iterations == 8)
    #expect(server.requests.count == 3)
    #expect(server.requests.allSatisfy { $0.body.count == server.requests[0].body.count })
  }

  @Test func aServerThatStaysBusyHasRefused() throws {
    let server = try ScriptedServer([[Self.busy, Self.busy, Self.busy, Self.ok(Self.receipt)]])
    #expect(throws: ClientError.refused(Problem(status: 503, name: "", detail: ""))) {
      try Self.client(server).push(Self.gradients())
    }
    #expect(server.requests.count == 3)
  }

  @Test func aProblemBecomesItsNameAndDetail() throws {
    let body = #"{"type":"/problems/shape-mismatch","title":"t","status":422,"detail":"w is [2]","variable":"w"}"#
    let server = try ScriptedServer([
      [
        """
        HTTP/1.1 422 Unprocessable Content\r\nContent-Type: application/problem+json\r\n\
        Content-Length: \(body.utf8.count)\r\n\r\n\(body)
        """
      ]
    ])
    #expect(throws: ClientError.refused(Problem(status: 422, name: "shape-mismatch", detail: "w is [2]"))) {
      try Self.client(server).push(Self.gradients())
    }
  }

  @Test func nobodyListeningIsUnreachable() throws {
    let server = try ScriptedServer([])
    server.stop()
    let error = #expect(throws: ClientError.self) { try Self.client(server).status() }
    guard case .unreachable = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func anAnswerThatIsNoReceiptIsUnexpected() throws {
    let server = try ScriptedServer([[Self.ok("<html>")]])
    let error = #expect(throws: ClientError.self) { try Self.client(server).push(Self.gradients()) }
    guard case .unexpectedAnswer = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test(arguments: ["127.0.0.1:8080", "ftp://127.0.0.1", "http://127.0.0.1/?a=b"])
  func aURLThatIsNoServersIsRefused(url: String) {
    #expect(throws: ClientError.self) { try ParameterClient(url: url) }
  }

  @Test(arguments: ["", "a b", "a\r\nX: y", "é", String(repeating: "a", count: 65)])
  func aTrainersNameThatIsNoneIsRefused(name: String) {
    #expect(throws: ClientError.self) { try Credentials(trainerID: name) }
  }
}
