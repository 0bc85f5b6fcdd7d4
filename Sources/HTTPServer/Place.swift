internal import Sockets

/// Where a connection's turn runs: the loop, which never waits, or a worker, which waits a little.
struct Place {
  /// How long a worker waits for one connection before it has moved `earningBytes`.
  private static let patience = 50
  private static let earningBytes = 256 << 10
  /// A client that pipelines without end must not keep a loop from the others.
  static let requestsPerTurn = 16

  let isLoop: Bool
  /// Memory for reading, lent to the connection whose turn it is.
  var spare: [UInt8]
  var now = MonotonicTime.now
  /// Requests that the present turn may still begin.
  var requestsLeft = Self.requestsPerTurn
  private var patience = 0
  private var moved = 0

  init(isLoop: Bool, bufferSize: Int) {
    self.isLoop = isLoop
    spare = [UInt8](repeating: 0, count: bufferSize)
  }

  /// Begins a turn on a worker. One that was parked for its slowness is not waited for before it has moved something.
  mutating func begin(isPatient: Bool) {
    now = .now
    patience = isPatient ? Self.patience : 0
    moved = 0
  }

  /// Waiting is earned by moving bytes.
  mutating func earn(_ count: Int) {
    moved += count
    if moved >= Self.earningBytes {
      moved = 0
      patience = Self.patience
    }
  }

  /// Waits on a worker while patience lasts; false when the transport is not ready.
  mutating func wait(for readiness: Readiness, of stream: any ByteStream) -> Bool {
    guard !isLoop, patience > 0 else { return false }
    let isReady = stream.wait(for: readiness, milliseconds: patience)
    let waited = MonotonicTime.now
    patience -= Int((waited.nanoseconds - now.nanoseconds) / 1_000_000)
    now = waited
    return isReady
  }
}
