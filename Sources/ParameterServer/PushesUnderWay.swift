import Locks
import ModelStore

/// The pushes under way that came with a key: one with the key of another waits, without a thread, until that one was
/// answered.
final class PushesUnderWay: Sendable {
  private struct Waiter {
    let turn: Turn
    let since: ContinuousClock.Instant
    let goOn: @Sendable () -> Void
  }

  private struct Line {
    var first: ObjectIdentifier
    var waiters: [Waiter] = []
  }

  /// How long a push that is complete waits for one that is still arriving.
  private let patience: Duration
  private let lines = Lock<[PushKey: Line]>([:])

  init(patience: Duration = .seconds(20)) {
    self.patience = patience
  }

  /// Joins a push as it arrives.
  func enter(_ key: PushKey) -> Turn {
    let turn = Turn(key, self)
    _ = isFirst(turn)
    return turn
  }

  /// Whether a push with the key is under way.
  func contains(_ key: PushKey) -> Bool {
    lines.withLock { $0[key] != nil }
  }

  private func isFirst(_ turn: Turn) -> Bool {
    lines.withLock { lines in Self.isFirst(turn, in: &lines) }
  }

  /// Where nobody is first any more, the one who asks is.
  private static func isFirst(_ turn: Turn, in lines: inout [PushKey: Line]) -> Bool {
    let line = lines[turn.key] ?? Line(first: ObjectIdentifier(turn))
    lines[turn.key] = line
    return line.first == ObjectIdentifier(turn)
  }

  private func wait(_ turn: Turn, _ goOn: @escaping @Sendable () -> Void) {
    let isFirst = lines.withLock { lines in
      if Self.isFirst(turn, in: &lines) { return true }
      lines[turn.key]?.waiters.append(Waiter(turn: turn, since: .now, goOn: goOn))
      return false
    }
    if isFirst { goOn() }
  }

  /// Lets the next one go on when `turn` is first, and the next one has waited for `patience`.
  private func pass(_ turn: ObjectIdentifier, _ key: PushKey, after patience: Duration? = nil) {
    let next = lines.withLock { lines -> Waiter? in
      guard var line = lines[key], line.first == turn else { return nil }
      if let patience {
        guard let oldest = line.waiters.first, ContinuousClock.now - oldest.since >= patience else { return nil }
      }
      guard !line.waiters.isEmpty else {
        lines[key] = nil
        return nil
      }
      let next = line.waiters.removeFirst()
      line.first = ObjectIdentifier(next.turn)
      lines[key] = line
      return next
    }
    next?.goOn()
  }

  /// The place of one push among those with its key, which it leaves when this is gone.
  final class Turn: Sendable {
    let key: PushKey
    private let pushes: PushesUnderWay

    fileprivate init(_ key: PushKey, _ pushes: PushesUnderWay) {
      self.key = key
      self.pushes = pushes
    }

    /// Lets the next one go on before this one is answered.
    func leave() {
      pushes.pass(ObjectIdentifier(self), key)
    }

    deinit {
      pushes.pass(ObjectIdentifier(self), key)
    }

    /// Whether the push may be applied: no other one with the key is under way that came before.
    var isFirst: Bool { pushes.isFirst(self) }

    /// Calls `goOn` when no other push with the key is under way: at once, or from the thread on which that one ends.
    func whenFirst(_ goOn: @escaping @Sendable () -> Void) {
      pushes.wait(self, goOn)
    }

    /// Lets a push that has waited too long go before this one, which is still arriving.
    func giveWay() {
      pushes.pass(ObjectIdentifier(self), key, after: pushes.patience)
    }
  }
}
