internal import Sockets

/// Where a connection's turn runs: the loop, which never waits, or a worker, which waits a little.
struct Place {
  /// What a connection must move while a worker's patience lasts, so that the worker goes on waiting for it.
  private static let earningBytes = 256 << 10
  /// A client that pipelines without end must not keep a loop from the others.
  static let requestsPerTurn = 16

  let isLoop: Bool
  /// Memory for reading, lent to the connection whose turn it is.
  var spare: [UInt8]
  var now = MonotonicTime.now
  /// Requests that the present turn may still begin.
  var requestsLeft = Self.requestsPerTurn
  /// Whether reads and writes may wait a little: on a worker, for a connection that is not slow.
  private(set) var waits = false
  /// Whether the present request, or the one that has just been answered, moved more than a small one does.
  private(set) var hasMovedMuch = false
  private var patienceEnd = MonotonicTime.now
  private var moved = 0

  init(isLoop: Bool, bufferSize: Int) {
    self.isLoop = isLoop
    spare = [UInt8](repeating: 0, count: bufferSize)
  }

  /// Begins a turn on a worker. One that was parked for its slowness is not waited for before it has moved something.
  mutating func begin(isPatient: Bool) {
    waits = isPatient
    hasMovedMuch = false
    beginTransfer()
  }

  /// A request begins within the turn.
  mutating func beginRequest() {
    requestsLeft -= 1
    hasMovedMuch = false
  }

  /// From now on the connection moves bytes: what the server did by itself does not count against it.
  mutating func beginTransfer() {
    now = .now
    moved = 0
    patienceEnd = now + SocketStream.patience
  }

  /// Counts what moved. Waiting is earned by moving enough in time.
  mutating func earn(_ count: Int) {
    guard !isLoop else { return }
    moved += count
    if moved >= Self.earningBytes {
      waits = true
      hasMovedMuch = true
      beginTransfer()
    } else if waits {
      now = .now
      waits = now < patienceEnd
    }
  }
}
