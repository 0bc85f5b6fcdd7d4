import Dispatch
import HTTPServer
import Locks
import Sockets
import Synchronization
import Tensors
import Testing

/// Every answer holds one version of the weights, whole, whatever trainers do meanwhile and however slowly it is read.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct LiveVersionsTests {
  /// How much larger models are in builds where a loop over elements is a loop and not a call for each.
  #if DEBUG
    static let scale = 1
  #else
    static let scale = 8
  #endif

  @Test
  func everyAnswerHoldsOneVersionThroughout() throws {
    // 161 tensors, as many as a ResNet-50 has, of odd sizes; push k sets every element to k.
    let live = try LiveApplication(shapes: (0..<161).map { [$0 % 7 + 1, Self.scale * (50 + $0)] })
    let gradient = live.gradient(of: live.layout.entries.indices)
    let port = live.port
    let failures = Lock<[String]>([])
    let seen = Lock<[Int: Int]>([:])
    let writersLeft = Atomic(2)
    let readersBegin = DispatchGroup()
    for _ in 0..<4 { readersBegin.enter() }

    let writer: @Sendable () throws -> Void = {
      defer { writersLeft.subtract(1, ordering: .releasing) }
      let connection = try RawConnection(port: port)
      readersBegin.wait()
      for _ in 0..<20 {
        try connection.send("POST", "/v1/gradients", content: gradient)
        let head = try connection.receiveHead()
        _ = try connection.receiveContent(head["Content-Length"] ?? 0)
        if head.status != "200" { failures.withLock { $0.append("a push was answered \(head.status)") } }
      }
    }
    let read: @Sendable (RawConnection) throws -> Void = { connection in
      try connection.send("GET", "/v1/weights")
      let head = try connection.receiveHead()
      let weights = Float32File(try connection.receiveContent(head["Content-Length"] ?? 0))
      let iteration = head["Weights-Iteration"] ?? -1
      seen.withLock { $0[iteration, default: 0] += 1 }
      if weights.value(in: 0..<weights.elementCount) != Float(iteration) {
        failures.withLock { $0.append("the answer at iteration \(iteration) holds something else") }
      }
    }
    let reader: @Sendable () throws -> Void = {
      let connection: RawConnection
      do {
        defer { readersBegin.leave() }
        connection = try RawConnection(port: port)
        try read(connection)
      }
      var isLast = false
      while !isLast {
        isLast = writersLeft.load(ordering: .acquiring) == 0
        try read(connection)
      }
    }
    run([writer, writer, reader, reader, reader, reader]) { error in failures.withLock { $0.append("\(error)") } }

    let versions = seen.withLock { $0 }
    #expect(failures.withLock { $0 } == [])
    #expect(versions[0] ?? 0 >= 4)
    #expect(versions[40] ?? 0 >= 4)
    print("\(versions.values.reduce(0, +)) answers, \(versions.count) versions of 41 seen")
  }

  @Test
  func aReaderThatStopsHoldsItsVersionAndNobodyUp() throws {
    // Larger than what the kernel takes for a reader that stops; the pushes change tensors that it has not got yet.
    let live = try LiveApplication(shapes: (0..<161).map { _ in [13, 1000] })
    let late = 141..<161
    let lateOffset = live.layout.entries[late.lowerBound].offset
    let gradient = live.gradient(of: late)
    let writer = try RawConnection(port: live.port)
    func push(_ count: Int) throws -> Duration {
      try ContinuousClock().measure {
        for _ in 0..<count {
          try writer.send("POST", "/v1/gradients", content: gradient)
          let head = try writer.receiveHead()
          _ = try writer.receiveContent(head["Content-Length"] ?? 0)
          try #require(head.status == "200")
        }
      }
    }
    let undisturbed = try push(20)

    let sentBefore = live.server.bytesOut
    let reader = try RawConnection(port: live.port, receiveBuffer: 128 << 10)
    try reader.send("GET", "/v1/weights")
    let head = try reader.receiveHead()
    let length = try #require(head["Content-Length"])
    let start = try reader.receiveContent(1 << 20)
    let disturbed = try push(20)
    #expect(live.server.bytesOut - sentBefore < lateOffset)

    let weights = Float32File(start + (try reader.receiveContent(length - start.count)))
    #expect(head["Weights-Iteration"] == 20)
    #expect(weights.elementCount == live.layout.elementCount)
    #expect(weights.value(in: 0..<lateOffset / 4) == 0)
    #expect(weights.value(in: lateOffset / 4..<weights.elementCount) == 20)

    try writer.send("GET", "/v1/weights")
    let now = try writer.receiveHead()
    let latest = Float32File(try writer.receiveContent(now["Content-Length"] ?? 0))
    #expect(now["Weights-Iteration"] == 40)
    #expect(latest.value(in: lateOffset / 4..<latest.elementCount) == 40)
    print("20 pushes beside a reader that stopped took \(disturbed / undisturbed) of their undisturbed time")
  }

  /// Runs each piece of work on a thread of its own: on few cores, a pool would run the writers before the readers.
  private func run(_ work: [@Sendable () throws -> Void], failed: @escaping @Sendable (any Error) -> Void) {
    let group = DispatchGroup()
    for item in work {
      group.enter()
      do {
        try SystemThread.start {
          do { try item() } catch { failed(error) }
          group.leave()
        }
      } catch {
        failed(error)
        group.leave()
      }
    }
    group.wait()
  }
}
