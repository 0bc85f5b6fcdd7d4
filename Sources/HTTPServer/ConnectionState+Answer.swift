internal import HTTPTypes
internal import Sockets
internal import Synchronization

extension ConnectionState {
  /// Looks for what the responder left.
  mutating func takeAnswer(_ place: inout Place, _ ready: ReadySet) -> Turn.Pause? {
    guard let ticket else { return .closed }
    if let work {
      guard !place.isLoop else { return .worker }
      self.work = nil
      work(Responder(ticket))
      place.now = .now
    }
    switch ticket.take(waits: place.isLoop) {
    case .answered(let response):
      // A push was applied before it, perhaps after others.
      if !place.isLoop { place.beginTransfer() }
      begin(response, place.now)
    case .work(let work): self.work = work
    case .waiting(let time):
      guard !ready.isHungUp, !context.isStopping.load(ordering: .acquiring) else {
        ticket.endWaiting(.over)
        return nil
      }
      machine.wait(until: time)
      return .answer
    case .ended(let body, let end):
      machine.endWait()
      body(Responder(ticket), end)
    // From a worker the connection first goes back to its loop, which then waits for word.
    case .none:
      if ready.isHungUp { machine.peerEnded(place.now) }
      return .answer
    }
    return nil
  }

  /// Makes the answer ready to be sent.
  mutating func begin(_ response: Response, _ now: MonotonicTime) {
    // A worker that has the connection hears of the stop here.
    if context.isStopping.load(ordering: .acquiring) { machine.stop(now) }
    machine.answer(now)
    outgoing = Outgoing(
      response, to: request?.head.method ?? refusedMethod, closes: machine.closes, date: context.date,
      after: interim)
    interim = []
    status = response.status.code
    endRequest()
  }

  /// Sends as much of the answer as goes: what is big, from a worker.
  mutating func send(_ place: inout Place, _ ready: inout ReadySet) -> Turn.Pause? {
    while outgoing.left > 0 {
      if place.isLoop, outgoing.left > Outgoing.small + 4096 {
        return ready.isWritable ? .worker : .transport(.writable)
      }
      switch outgoing.write(to: stream, waits: mayWait(place)) {
      case .bytes(let count):
        context.bytesOut.wrappingAdd(count, ordering: .relaxed)
        machine.sent(count)
        place.earn(count)
      case .wouldBlock(let readiness):
        if let pause = pause(for: readiness, &ready) { return pause }
      case .end:
        machine.close()
        return nil
      }
    }
    while machine.closes, let readiness = stream.shutdownWrite() {
      if let pause = pause(for: readiness, &ready) { return pause }
    }
    endAnswer()
    if !place.isLoop { place.now = .now }
    machine.sentAll(place.now)
    return nil
  }

  /// Drops what still comes after the last answer.
  mutating func drain(_ place: inout Place, _ ready: inout ReadySet) -> Turn.Pause? {
    guard place.isLoop else { return .loop }
    machine.drained(input.count)
    input.removeAll()
    guard machine.phase == .draining else { return nil }
    guard ready.isReadable || stream.hasBufferedBytes else { return .transport(.readable) }
    switch input.fill(from: stream, capacity: 16 << 10, waits: false).transfer {
    case .bytes: return nil
    case .wouldBlock(let readiness): return pause(for: readiness, &ready)
    case .end: machine.close()
    }
    return nil
  }
}
