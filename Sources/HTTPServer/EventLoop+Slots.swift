internal import Sockets
internal import Synchronization

extension EventLoop {
  /// Makes a connection of an accepted stream; answers its slot.
  func add(_ socket: SocketStream, peer: String) -> Int? {
    var stream: any ByteStream = socket
    if let secure = context.secure {
      guard let secured = secure(socket) else { return nil }
      stream = secured
    }
    let index = freeSlots.popLast() ?? slots.count
    if index == slots.count { slots.append(Slot()) }
    let token = UInt64(slots[index].generation) << 32 | UInt64(index)
    do {
      try poller.watch(socket, token: token)
    } catch {
      freeSlots.append(index)
      return nil
    }
    let connection = Connection(
      token: token, stream: stream, peer: peer, loop: handle, context: context, now: place.now)
    slots[index].connection = connection
    slots[index].socket = socket
    slots[index].isMuted = false
    slots[index].ready = ReadySet(isWritable: true)
    slots[index].pause = .transport(.readable)
    slots[index].isSlow = false
    openCount += 1
    context.openConnections.wrappingAdd(1, ordering: .relaxed)
    return index
  }

  /// Closes the connection, which is not lent, and frees its slot.
  func remove(_ index: Int) {
    guard let connection = slots[index].connection else { return }
    setIdle(index, false)
    connection.close()
    slots[index].connection = nil
    slots[index].socket = nil
    slots[index].deadline = nil
    slots[index].generation &+= 1
    freeSlots.append(index)
    openCount -= 1
    context.openConnections.wrappingSubtract(1, ordering: .relaxed)
  }

  /// Moves the slot to the end of the idle ones, or out of them.
  func setIdle(_ index: Int, _ isIdle: Bool) {
    if slots[index].isIdle {
      if isIdle, newestIdle == index { return }
      let previous = slots[index].previousIdle
      let next = slots[index].nextIdle
      if let previous { slots[previous].nextIdle = next } else { oldestIdle = next }
      if let next { slots[next].previousIdle = previous } else { newestIdle = previous }
    }
    slots[index].isIdle = isIdle
    slots[index].nextIdle = nil
    slots[index].previousIdle = nil
    guard isIdle else { return }
    slots[index].previousIdle = newestIdle
    if let newestIdle { slots[newestIdle].nextIdle = index } else { oldestIdle = index }
    newestIdle = index
  }

  /// Says whether the poller is to tell when the connection is ready.
  func setMuted(_ index: Int, _ isMuted: Bool) {
    guard slots[index].isMuted != isMuted, let connection = slots[index].connection, let socket = slots[index].socket
    else { return }
    slots[index].isMuted = isMuted
    poller.mute(socket, token: connection.token, isMuted)
  }

  func setDeadline(_ index: Int, _ deadline: MonotonicTime?) {
    slots[index].deadline = deadline
    guard let deadline else { return }
    if let scheduled = slots[index].scheduled, scheduled <= deadline { return }
    slots[index].scheduled = deadline
    deadlines.add(deadline, UInt64(index))
  }

  /// Judges a deadline that has come: it may have been moved on, or be another connection's by now.
  func handle(_ due: Deadlines.Entry) {
    if due.key == Self.withdrawKey { return withdraw() }
    if due.key == Self.acceptKey { return resumeAccepting() }
    let index = Int(due.key)
    guard slots[index].scheduled == due.time else { return }
    slots[index].scheduled = nil
    guard let deadline = slots[index].deadline, !slots[index].isLent else { return }
    guard deadline <= place.now else { return setDeadline(index, deadline) }
    turn(index) { $0.expire(&$1, &$2) }
  }

  /// Takes back what has waited too long for a worker.
  private func withdraw() {
    isWithdrawScheduled = false
    let timeout = context.configuration.headTimeout
    let limit = place.now + (.zero - timeout)
    for connection in context.workers.withdraw(submittedBefore: limit) { connection.returnUnserved() }
    guard lentCount > 0 else { return }
    isWithdrawScheduled = true
    // Often enough that nobody waits much longer than the timeout.
    deadlines.add(place.now + timeout / 8, Self.withdrawKey)
  }
}
