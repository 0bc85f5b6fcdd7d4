import Dispatch
import HTTPServer
import HTTPTypes
import Synchronization

/// A service with one path for each thing a server must be able to do.
final class TestService: Service {
  /// Holds a responder that a test answers later.
  final class Parked: Sendable {
    private let responder: Mutex<Responder?>
    init(_ responder: consuming Responder) { self.responder = Mutex(responder) }
    func answer(_ response: Response) {
      let taken = responder.withLock { $0.take() }
      if let taken { taken.respond(response) }
    }
  }

  struct State {
    var parked: [Parked] = []
    var served: [Served] = []
    var dropped = 0
  }

  let state = Mutex(State())
  /// Signalled by a worker that is held up until `letGo` is.
  let heldUp = DispatchSemaphore(value: 0)
  let letGo = DispatchSemaphore(value: 0)
  /// Signalled when a responder was parked.
  let parked = DispatchSemaphore(value: 0)
  let contentLimit: Int

  init(contentLimit: Int = 1 << 30) {
    self.contentLimit = contentLimit
  }

  func exchange(for request: Request) throws(Problem) -> any Exchange {
    if request.path == "/refuse" {
      throw Problem("not-found", title: "Not found", status: .notFound, detail: "refused by its head")
    }
    return TestExchange(request, self)
  }

  func served(_ served: Served) {
    state.withLock { $0.served.append(served) }
  }
}

/// Keeps the content, and answers as its path says.
final class TestExchange: Exchange {
  private struct State {
    var content: [UInt8] = []
    var filled = 0
  }

  private let request: Request
  private let service: TestService
  private let state = Mutex(State())

  init(_ request: Request, _ service: TestService) {
    self.request = request
    self.service = service
  }

  deinit {
    service.state.withLock { $0.dropped += 1 }
  }

  var contentLimit: Int { service.contentLimit }

  func receive(_ fill: (inout MutableSpan<UInt8>) -> Int) throws(Problem) {
    state.withLock { state in
      if case .length(let count) = request.framing, state.content.isEmpty {
        state.content = [UInt8](repeating: 0, count: count)
      }
      if state.filled == state.content.count { state.content += [UInt8](repeating: 0, count: 1000) }
      let start = state.filled
      var all = state.content.mutableSpan
      var rest = all._mutatingExtracting(start..<all.count)
      state.filled += fill(&rest)
    }
  }

  func respond(_ responder: consuming Responder) {
    let content = state.withLock { Array($0.content[..<$0.filled]) }
    switch request.path {
    case "/echo": responder.respond(Response(.ok, content: Content(content)))
    case "/count": responder.respond(Response(.ok, content: Content(Array("\(content.count)".utf8))))
    case "/big":
      let count = request.query.flatMap { Int($0) } ?? 0
      responder.respond(Response(.ok, content: Content(Array("head".utf8), Self.pattern(count))))
    case "/park":
      let parked = TestService.Parked(responder)
      service.state.withLock { $0.parked.append(parked) }
      service.parked.signal()
    case "/drop": break
    case "/worker":
      responder.onWorker { responder in
        let place = responder.isOnLoop ? "loop" : "worker"
        responder.respond(Response(.ok, content: Content(Array(place.utf8))))
      }
    case "/hold":
      let service = service
      responder.onWorker { responder in
        service.heldUp.signal()
        service.letGo.wait()
        responder.respond(Response(.ok))
      }
    case "/nothing": responder.respond(Response(.noContent))
    default: responder.respond(Response(.ok, content: Content(Array("hello \(request.head.path ?? "")".utf8))))
    }
  }

  /// Bytes that tell their place: a tile of a prime length, repeated, so that no power of two is a period.
  static func pattern(_ count: Int) -> [UInt8] {
    let tile = (0..<65_521).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    while bytes.count < count { bytes += tile.prefix(count - bytes.count) }
    return bytes
  }
}
