import Glibc
import Sockets
import Tensors

/// What one client process does: the same request again and again, each after the answer to the one before.
struct BenchClient {
  private static let smallest = 64 << 10
  private static let slowPiece = 256 << 10
  private static let slowPause: UInt32 = 10_000

  private let request: BenchRequest
  private let head: [UInt8]
  private var body: Region?
  /// How many rows went before.
  private var sentRows = 0
  private var answer: Region
  private var connection: BenchConnection

  init(_ request: BenchRequest, at address: SocketAddress) throws(Failure) {
    self.request = request
    let pool = RegionPool()
    let body = try request.body(from: pool)
    var head = request.head(bodyByteCount: body?.byteCount ?? 0)
    if let body, body.byteCount <= Self.smallest {
      // In one piece with the head, as a client that counts would send it.
      body.withBytes { bytes in for index in bytes.indices { head.append(bytes[index]) } }
      self.body = nil
    } else {
      self.body = body
    }
    self.head = head
    let byteCount = request.hasAnswerBody ? request.shape.fileByteCount + 1024 : 0
    answer = try Region.forBench(byteCount: max(byteCount, Self.smallest), pool: pool)
    connection = try BenchConnection(to: address)
  }

  /// Sends the request a few times, so that connections and memory are as they will be.
  mutating func warmUp() throws(Failure) {
    guard request.kind != .slowPull else { return }
    for _ in 0..<2 { try exchange() }
  }

  mutating func run(_ round: BenchRound) throws(Failure) -> BenchTimes {
    let start = MonotonicTime.now
    var times: [Double] = []
    if request.kind == .slowPull {
      try pullSlowly(for: round.seconds)
    } else {
      var end = start
      while end.seconds(since: start) < round.seconds || times.count < round.minimum {
        let begin = end
        try exchange()
        end = .now
        times.append(end.seconds(since: begin))
      }
    }
    return BenchTimes(round: MonotonicTime.now.seconds(since: start), requests: times)
  }

  private mutating func exchange() throws(Failure) {
    if request.kind == .sparsePush, var file = body.take() {
      sentRows = BenchRows(of: request.shape).choose(after: sentRows, in: &file)
      body = file
    }
    let status = try connection.exchange(head, body, into: &answer)
    try Self.check(status)
  }

  /// Goes on reading where the round before has ended.
  private mutating func pullSlowly(for seconds: Double) throws(Failure) {
    let start = MonotonicTime.now
    while MonotonicTime.now.seconds(since: start) < seconds {
      if connection.contentLeft == 0 {
        try connection.send(head)
        try Self.check(try connection.receiveHead())
      }
      try connection.receiveContent(into: &answer, atMost: Self.slowPiece)
      usleep(Self.slowPause)
    }
  }

  private static func check(_ status: Int) throws(Failure) {
    guard (200..<300).contains(status) else { throw Failure(.unavailable, "the server answered \(status)") }
  }
}
