internal import HTTPTypes
internal import Sockets
internal import Synchronization

extension ConnectionState {
  /// Looks for the next head in what is there, then in what comes.
  mutating func readHead(_ place: inout Place, _ ready: inout ReadySet) -> Turn.Pause? {
    guard place.isLoop || keepsWorker(place) else { return .loop }
    if !input.isEmpty {
      guard place.requestsLeft > 0 else { return .yield }
      switch parser.parse(input, peer: peer) {
      case .head(let head, let count):
        place.beginRequest()
        input.consume(count)
        judge(head, place.now)
        return nil
      case .failure(let error, let isHead):
        if isHead { refusedMethod = .head }
        machine.receivedHead(hasContent: true, closes: true)
        requestTime = place.now
        refuse(error.problem, losesFraming: true, now: place.now)
        return nil
      case .needMore: if parser.hasBegun { machine.receivedPartOfHead(place.now) }
      }
    }
    guard ready.isReadable || stream.hasBufferedBytes else { return .transport(.readable) }
    let (transfer, isFull) = input.fill(
      from: stream, capacity: context.configuration.maximumHeadBytes, waits: mayWait(place))
    if !place.isLoop { place.beginTransfer() }
    switch transfer {
    case .bytes(let count):
      context.bytesIn.wrappingAdd(count, ordering: .relaxed)
      ready.isReadable = isFull || ready.isHungUp || place.waits
    case .wouldBlock(let readiness): return pause(for: readiness, &ready)
    case .end: machine.close()
    }
    return nil
  }

  /// Whether the next head is read by the worker that has just moved much for the connection: who moves models back to
  /// back keeps its thread, and with it a processor whose caches hold the pages that its transfers go through.
  private func keepsWorker(_ place: Place) -> Bool {
    // At the limit whoever is idle is to make room, which takes a connection that the loop has.
    machine.phase == .idle && place.hasMovedMuch && mayWait(place)
      && context.openConnections.load(ordering: .relaxed) < context.configuration.maximumConnections
  }

  /// Lets the service judge the head, then the limits.
  private mutating func judge(_ head: Head, _ now: MonotonicTime) {
    parser.reset()
    requestTime = now
    content = IncomingContent()
    let request = stream.peerName.map { head.request.proven($0) } ?? head.request
    self.request = request
    machine.receivedHead(hasContent: request.framing != .none, closes: head.closes)
    do throws(Problem) {
      if request.head.scheme == "https", !stream.isSecure { throw .insecure }
      let exchange = try context.service.exchange(for: request)
      let limit = min(exchange.contentLimit, context.configuration.maximumBodyBytes, context.budget.limit)
      content = IncomingContent(request.framing, limit: limit)
      try content.checkLength(for: exchange)
      if head.expectation == .unknown { throw .unknownExpectation }
      self.exchange = exchange
      machine.accept(now)
      guard machine.phase == .content else { return respond() }
      // Not once the content has begun to come (RFC 9110, section 10.1.1).
      if head.expectation == .continue, input.isEmpty { sendContinue() }
    } catch {
      refuse(error, now: now)
    }
  }

  /// Nothing else is on its way now, so the few bytes nearly always fit into the send buffer.
  private mutating func sendContinue() {
    interim = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)
    if case .bytes(let count) = stream.write(interim.span, waits: false) {
      context.bytesOut.wrappingAdd(count, ordering: .relaxed)
      interim.removeFirst(count)
    }
  }

  /// The request is complete: gives the word to its exchange.
  mutating func respond() {
    guard let exchange else { return refuse(.unanswered, now: requestTime) }
    // What the content was made into may outlive the connection, and is charged as long as an answer is due.
    let ticket = Ticket(loop: loop, token: token, end: releaseOfShare())
    self.ticket = ticket
    exchange.respond(Responder(ticket))
  }

  private mutating func releaseOfShare() -> (@Sendable () -> Void)? {
    guard let share = share.take() else { return nil }
    return { [budget = context.budget] in budget.release(share) }
  }
}
