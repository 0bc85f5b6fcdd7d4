internal import Logging
internal import Sockets

/// A thread that owns an epoll instance: it accepts, gives connections their turns, keeps deadlines, and parks what waits.
final class EventLoop {
  static let wakeupToken = UInt64.max
  static let withdrawKey = UInt64.max
  static let acceptKey = UInt64.max - 1
  static func listenerToken(_ index: Int) -> UInt64 { UInt64.max - 1 - UInt64(index) }

  let context: ServerContext
  let handle: LoopHandle
  let poller: Poller
  var listeners: [Listener]
  var slots: [Slot] = []
  var freeSlots: [Int] = []
  var openCount = 0
  var lentCount = 0
  var oldestIdle: Int?
  var newestIdle: Int?
  var deadlines = Deadlines()
  var isWithdrawScheduled = false
  var place: Place
  var stopDeadline: MonotonicTime?
  private var events = PollEvents()

  init(context: ServerContext, handle: LoopHandle, poller: Poller, listeners: [Listener]) {
    self.context = context
    self.handle = handle
    self.poller = poller
    self.listeners = listeners
    place = Place(isLoop: true, bufferSize: context.configuration.maximumHeadBytes)
  }

  /// Runs until the server has stopped.
  func run() {
    handle.threads.enter()
    defer { handle.threads.leave() }
    while true {
      poller.wait(until: deadlines.next, &events)
      place.now = .now
      for index in 0..<events.count { handle(events[index]) }
      for message in handle.mailbox.take() { handle(message) }
      while let due = deadlines.takeDue(place.now) { handle(due) }
      if let stopDeadline, isFinished(by: stopDeadline) { return }
    }
  }

  private func handle(_ event: PollEvents.Event) {
    guard event.token != Self.wakeupToken else { return }
    guard let index = index(of: event.token) else {
      let listener = Self.listenerToken(0) &- event.token
      if listener < UInt64(listeners.count) { accept(from: listeners[Int(listener)]) }
      return
    }
    if event.isReadable { slots[index].ready.isReadable = true }
    if event.isWritable { slots[index].ready.isWritable = true }
    if event.isHungUp { slots[index].ready.isHungUp = true }
    if event.isBroken { slots[index].ready.isBroken = true }
    if slots[index].isLent { setMuted(index, true) }
    goOnIfReady(index)
  }

  private func handle(_ message: LoopHandle.Message) {
    switch message {
    case .goOn(let token):
      guard let index = index(of: token), !slots[index].isLent else { return }
      turn(index) { $0.run(&$1, &$2) }
    case .returned(let token, let turn):
      if let index = index(of: token) { takeBack(index, turn) }
    case .unserved(let token):
      guard let index = index(of: token) else { return }
      lentCount -= 1
      slots[index].isLent = false
      setMuted(index, false)
      slots[index].ready = .all
      self.turn(index) { $0.refuseForLackOfWorkers(&$1, &$2) }
    case .revoked(let token):
      guard let index = index(of: token), !slots[index].isLent else { return }
      turn(index) { $0.refuseRevoked(&$1, &$2) }
    case .stop(let deadline): stop(by: deadline)
    }
  }

  /// The slot of the connection that has the token, while it is there.
  func index(of token: UInt64) -> Int? {
    let index = Int(token & 0xffff_ffff)
    guard index < slots.count, slots[index].generation == UInt32(token >> 32), slots[index].connection != nil else {
      return nil
    }
    return index
  }

  func goOnIfReady(_ index: Int) {
    guard !slots[index].isLent else { return }
    switch slots[index].pause {
    case .transport(let readiness):
      if slots[index].ready.contains(readiness) { turn(index) { $0.run(&$1, &$2) } }
    case .answer:
      // Nobody is left to answer to; who has only ended its own direction may still read.
      if slots[index].ready.isBroken {
        remove(index)
      } else if slots[index].ready.isHungUp {
        turn(index) { $0.run(&$1, &$2) }
      }
    case .loop, .yield, .worker, .closed: break
    }
  }

  /// Gives the connection a turn and keeps what came of it.
  func turn(_ index: Int, _ body: (Connection, inout Place, inout ReadySet) -> Turn) {
    guard let connection = slots[index].connection else { return }
    var ready = slots[index].ready
    let turn = body(connection, &place, &ready)
    slots[index].ready = ready
    settle(index, turn)
  }

  func settle(_ index: Int, _ turn: Turn) {
    slots[index].pause = turn.pause
    switch turn.pause {
    case .closed: return remove(index)
    case .worker: return lend(index)
    case .answer where slots[index].ready.isBroken: return remove(index)
    case .yield: if let token = slots[index].connection?.token { handle.mailbox.post(.goOn(token)) }
    case .answer, .transport, .loop: break
    }
    setIdle(index, turn.isIdle)
    setDeadline(index, turn.deadline)
  }

  /// Lends the connection to a worker.
  private func lend(_ index: Int) {
    guard let connection = slots[index].connection else { return }
    slots[index].isLent = true
    slots[index].ready = ReadySet(isHungUp: slots[index].ready.isHungUp, isBroken: slots[index].ready.isBroken)
    setIdle(index, false)
    setDeadline(index, nil)
    lentCount += 1
    if !isWithdrawScheduled {
      isWithdrawScheduled = true
      deadlines.add(place.now + context.configuration.headTimeout, Self.withdrawKey)
    }
    context.workers.submit(connection, isPatient: !slots[index].isSlow, now: place.now)
  }

  /// Takes the connection back from a worker.
  private func takeBack(_ index: Int, _ turn: Turn) {
    lentCount -= 1
    slots[index].isLent = false
    setMuted(index, false)
    // A worker that did not meet the transport's end leaves it as ready as it may be.
    if turn.pause != .transport(.readable) { slots[index].ready.isReadable = true }
    if turn.pause != .transport(.writable) { slots[index].ready.isWritable = true }
    slots[index].isSlow = false
    if case .transport = turn.pause, !turn.isIdle { slots[index].isSlow = true }
    if stopDeadline != nil {
      self.turn(index) { $0.stop(&$1, &$2) }
    } else {
      self.turn(index) { $0.run(&$1, &$2) }
    }
  }
}
