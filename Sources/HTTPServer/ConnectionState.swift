internal import HTTPTypes
internal import Logging
internal import Sockets

/// What one connection remembers between its turns, and the steps that its machine asks for.
struct ConnectionState: Sendable {
  let token: UInt64
  let stream: any ByteStream
  let peer: String
  let loop: LoopHandle
  let context: ServerContext
  var machine: ConnectionMachine
  var input = InputBuffer()
  var parser: HeadParser
  var request: Request?
  /// The method of a head that could not be read, where it is known and matters.
  var refusedMethod: HTTPRequest.Method?
  var requestTime: MonotonicTime
  var exchange: (any Exchange)?
  var content = IncomingContent()
  var share: BodyBudget.Share?
  /// Bytes of content that the budget does not know of yet.
  var uncharged = 0
  var ticket: Ticket?
  var work: (@Sendable (consuming Responder) -> Void)?
  var outgoing = Outgoing()
  /// What of 100 (Continue) is not out yet; it goes in front of the answer.
  var interim: [UInt8] = []
  /// The status of the answer that is being sent.
  var status: Int?

  init(
    token: UInt64, stream: any ByteStream, peer: String, loop: LoopHandle, context: ServerContext, now: MonotonicTime
  ) {
    self.token = token
    self.stream = stream
    self.peer = peer
    self.loop = loop
    self.context = context
    machine = ConnectionMachine(limits: context.limits, opens: stream.isSecure, now: now)
    parser = HeadParser(maximumBytes: context.configuration.maximumHeadBytes)
    requestTime = now
  }

  /// Steps until something must be waited for.
  mutating func run(_ place: inout Place, _ ready: inout ReadySet) -> Turn {
    place.requestsLeft = Place.requestsPerTurn
    let borrows = !input.hasStorage
    if borrows { input.borrow(&place.spare) }
    var pause = step(&place, &ready)
    if uncharged > 0, !charge() {
      refuse(.outOfMemory, losesFraming: true, now: place.now)
      pause = step(&place, &ready)
    }
    if borrows { input.giveBack(&place.spare) } else { input.release() }
    return Turn(pause: pause, deadline: machine.deadline, isIdle: machine.isIdle)
  }

  private mutating func step(_ place: inout Place, _ ready: inout ReadySet) -> Turn.Pause {
    while true {
      let pause: Turn.Pause? =
        switch machine.phase {
        case .opening: open(&place, &ready)
        case .idle, .head: readHead(&place, &ready)
        case .content: readContent(&place, &ready)
        case .responding: takeAnswer(&place, ready)
        case .sending: send(&place, &ready)
        case .draining: drain(&place, &ready)
        case .closed: .closed
        }
      if let pause {
        if pause == .closed { close() }
        return pause
      }
    }
  }

  /// Opens the stream, on the loop.
  private mutating func open(_ place: inout Place, _ ready: inout ReadySet) -> Turn.Pause? {
    guard place.isLoop else { return .loop }
    switch stream.open() {
    case .done: machine.opened(place.now)
    case .wouldBlock(let readiness): return pause(for: readiness, &ready)
    case .failed(let reason):
      context.logger.debug("the TLS handshake failed", metadata: ["peer": "\(peer)", "reason": "\(reason)"])
      machine.failedToOpen(place.now)
      _ = stream.shutdownWrite()
    }
    return nil
  }

  /// Whether a read or a write may wait: not while others have no worker.
  func mayWait(_ place: Place) -> Bool { place.waits && !context.workers.isWanted }

  /// Ends the turn until the transport is ready; nil when it is worth trying again.
  func pause(for readiness: Readiness, _ ready: inout ReadySet) -> Turn.Pause? {
    if readiness == .readable, stream.hasBufferedBytes { return nil }
    ready.remove(readiness)
    return .transport(readiness)
  }

  /// Ends the request under way with `problem`.
  mutating func refuse(_ problem: Problem, losesFraming: Bool = false, now: MonotonicTime) {
    machine.refuse(losesFraming: losesFraming)
    begin(problem.response, now)
  }

  mutating func expire(_ now: MonotonicTime) {
    switch machine.expire(now) {
    case .nothing: break
    case .close: machine.close()
    case .endWait: ticket?.endWaiting(.over)
    case .refuse:
      let what = machine.phase == .head ? "the request head" : "the content"
      refuse(.timeout("\(what) did not arrive in time"), losesFraming: true, now: now)
    }
  }

  mutating func refuseForLackOfWorkers(_ now: MonotonicTime) {
    // An answer that is there waits on: a second one must not follow.
    guard machine.phase != .sending else { return }
    work = nil
    refuse(.busy("no worker came free in time"), now: now)
  }

  mutating func refuseForLackOfRoom(_ now: MonotonicTime) {
    machine.receivedHead(hasContent: true, closes: true)
    refuse(.busy("there are too many connections"), losesFraming: true, now: now)
  }

  mutating func abandon(_ now: MonotonicTime) {
    guard machine.phase == .responding else { return }
    refuse(.busy("the server is stopping"), losesFraming: true, now: now)
  }

  mutating func refuseRevoked(_ now: MonotonicTime) {
    guard machine.phase == .content else { return }
    refuse(.outOfMemory, losesFraming: true, now: now)
  }

  mutating func stop(_ now: MonotonicTime) {
    machine.stop(now)
  }

  mutating func close() {
    machine.close()
    endRequest()
    endAnswer()
    input.removeAll()
  }

  /// Tells the service what became of the request, once.
  mutating func endAnswer() {
    defer {
      request = nil
      status = nil
      outgoing = Outgoing()
    }
    guard request != nil || status != nil else { return }
    context.service.served(
      Served(
        request: request, peer: peer, status: status, bytesIn: content.received,
        bytesOut: max(0, outgoing.contentCount - outgoing.left), seconds: MonotonicTime.now.seconds(since: requestTime))
    )
  }

  /// Lets go of what the request held.
  mutating func endRequest() {
    ticket?.close()
    ticket = nil
    work = nil
    exchange = nil
    if let share { context.budget.release(share) }
    share = nil
    uncharged = 0
  }
}
