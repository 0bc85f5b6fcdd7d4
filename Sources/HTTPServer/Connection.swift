internal import Sockets
internal import Locks

/// One connection: whoever has it, the loop or a worker, gives it turns.
final class Connection: Sendable {
  let token: UInt64
  let stream: any ByteStream
  private let loop: LoopHandle
  /// Taken for a whole turn. Only one thread has the connection at a time, so nobody ever waits for it.
  private let state: Lock<ConnectionState>

  init(
    token: UInt64, stream: any ByteStream, peer: String, loop: LoopHandle, context: ServerContext, now: MonotonicTime
  ) {
    self.token = token
    self.stream = stream
    self.loop = loop
    state = Lock(
      ConnectionState(token: token, stream: stream, peer: peer, loop: loop, context: context, now: now))
  }

  /// Goes on as far as it can without waiting.
  func run(_ place: inout Place, _ ready: inout ReadySet) -> Turn {
    state.withLock { $0.run(&place, &ready) }
  }

  /// Goes on until done or its peer is slow, and returns to the loop.
  func runOnWorker(_ place: inout Place, isPatient: Bool, waitedSince submitted: MonotonicTime) {
    place.begin(isPatient: isPatient)
    var ready = ReadySet.all
    let turn = state.withLock { state in
      state.machine.excuse(.nanoseconds(place.now.nanoseconds - submitted.nanoseconds))
      return state.run(&place, &ready)
    }
    loop.mailbox.post(.returned(token, turn))
  }

  /// Tells the loop that no worker came free in time.
  func returnUnserved() {
    loop.mailbox.post(.unserved(token))
  }

  /// Judges the deadline, then goes on.
  func expire(_ place: inout Place, _ ready: inout ReadySet) -> Turn {
    state.withLock { state in
      state.expire(place.now)
      return state.run(&place, &ready)
    }
  }

  /// No worker came free in time.
  func refuseForLackOfWorkers(_ place: inout Place, _ ready: inout ReadySet) -> Turn {
    state.withLock { state in
      state.refuseForLackOfWorkers(place.now)
      return state.run(&place, &ready)
    }
  }

  /// There is no room for one more connection.
  func refuseForLackOfRoom(_ place: inout Place, _ ready: inout ReadySet) -> Turn {
    state.withLock { state in
      state.refuseForLackOfRoom(place.now)
      return state.run(&place, &ready)
    }
  }

  /// The server ends before whoever has the responder has answered.
  func abandon(_ place: inout Place, _ ready: inout ReadySet) -> Turn {
    state.withLock { state in
      state.abandon(place.now)
      return state.run(&place, &ready)
    }
  }

  /// Content whose share of the budget was taken away.
  func refuseRevoked(_ place: inout Place, _ ready: inout ReadySet) -> Turn {
    state.withLock { state in
      state.refuseRevoked(place.now)
      return state.run(&place, &ready)
    }
  }

  /// The server stops.
  func stop(_ place: inout Place, _ ready: inout ReadySet) -> Turn {
    state.withLock { state in
      state.stop(place.now)
      return state.run(&place, &ready)
    }
  }

  /// Ends without a word.
  func close() {
    state.withLock { $0.close() }
  }
}
