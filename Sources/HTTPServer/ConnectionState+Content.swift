internal import Sockets
internal import Synchronization

extension ConnectionState {
  /// The most content that is received on the loop.
  private static let inlineContent = 64 << 10
  /// Chunks from this size on are read straight to their place.
  private static let directChunk = 16 << 10
  /// The most that is read at once: whoever takes it finds it in the cache.
  private static let piece = 256 << 10

  /// Receives content until it is complete or does not come.
  mutating func readContent(_ place: inout Place, _ ready: inout ReadySet) -> Turn.Pause? {
    do throws(Problem) {
      if share?.isRevoked ?? false { throw .outOfMemory }
      let framing = try content.readFraming(input)
      input.consume(framing)
      try content.checkLength(for: exchange)
    } catch {
      refuse(error, losesFraming: true, now: place.now)
      return nil
    }
    if content.isComplete {
      guard uncharged == 0 || charge() else {
        refuse(.outOfMemory, losesFraming: true, now: place.now)
        return nil
      }
      if let share { context.budget.complete(share) }
      machine.receivedAllContent()
      respond()
      return nil
    }
    guard !input.isEmpty || ready.isReadable || stream.hasBufferedBytes else {
      return pause(for: .readable, &ready)
    }
    if place.isLoop, content.knownSize > Self.inlineContent { return .worker }
    if input.isEmpty, content.isChunked, content.next < Self.directChunk { return readAhead(&place, &ready) }
    return receive(&place, &ready)
  }

  /// Reads what may be framing into the connection's own memory.
  private mutating func readAhead(_ place: inout Place, _ ready: inout ReadySet) -> Turn.Pause? {
    let (transfer, isFull) = input.fill(
      from: stream, capacity: Self.directChunk, waits: mayWait(place))
    switch transfer {
    case .bytes(let count):
      context.bytesIn.wrappingAdd(count, ordering: .relaxed)
      if !isFull, !ready.isHungUp, !place.waits { ready.isReadable = false }
      // Framing counts too: a body of tiny chunks is slow, not dead.
      machine.receivedContent(count)
      place.earn(count)
    case .wouldBlock(let readiness): return pause(for: readiness, &ready)
    case .end: machine.close()
    }
    return nil
  }

  /// Lets the exchange lend the memory where the next bytes belong, and reads them there.
  private mutating func receive(_ place: inout Place, _ ready: inout ReadySet) -> Turn.Pause? {
    guard let exchange else { return .closed }
    let wanted = content.next
    var moved = 0
    var transfer: Transfer?
    var isFull = false
    var wasLent = false
    do throws(Problem) {
      try exchange.receive { span in
        guard !wasLent, !span.isEmpty else { return 0 }
        wasLent = true
        let room = min(span.count, wanted, Self.piece)
        moved = input.move(to: &span, atMost: room)
        guard moved < room, ready.isReadable || stream.hasBufferedBytes else { return moved }
        var rest = span._mutatingExtracting(moved..<room)
        let result = stream.read(into: &rest, waits: mayWait(place))
        transfer = result
        if case .bytes(let count) = result {
          isFull = count == rest.count
          moved += count
          context.bytesIn.wrappingAdd(count, ordering: .relaxed)
        }
        return moved
      }
      guard wasLent else { throw .unanswered }
      try account(moved, &place)
    } catch {
      refuse(error, losesFraming: true, now: place.now)
      return nil
    }
    switch transfer {
    case .bytes:
      guard !isFull, !ready.isHungUp, !place.waits else { return nil }
      if content.next > 0 { return pause(for: .readable, &ready) }
      ready.isReadable = false
      return nil
    case .wouldBlock(let readiness): return pause(for: readiness, &ready)
    case .end: machine.close()
    case nil: break
    }
    return nil
  }

  /// Charges what came to the budget.
  private mutating func account(_ count: Int, _ place: inout Place) throws(Problem) {
    guard count > 0 else { return }
    content.take(count)
    machine.receivedContent(count)
    place.earn(count)
    uncharged += count
    // On the loop when the content is complete or the turn ends: what is small is charged once.
    guard place.isLoop || charge() else { throw .outOfMemory }
  }

  /// Charges content to the budget; false when it must go.
  mutating func charge() -> Bool {
    let share = share ?? makeShare()
    self.share = share
    defer { uncharged = 0 }
    return context.budget.charge(uncharged, to: share)
  }

  private func makeShare() -> BodyBudget.Share {
    BodyBudget.Share { [loop, token] in loop.mailbox.post(.revoked(token)) }
  }
}
