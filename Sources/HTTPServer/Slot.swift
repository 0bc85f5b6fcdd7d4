internal import Sockets

/// What a loop remembers of one connection beside the connection itself.
struct Slot {
  var connection: Connection?
  var socket: SocketStream?
  /// Tells this connection from those that had the slot before.
  var generation: UInt32 = 0
  /// What the transport is ready for as far as the loop was told; while a worker has the connection, what came since.
  var ready = ReadySet()
  var pause = Turn.Pause.closed
  var isLent = false
  /// Whether the poller tells of endings alone: each packet for a worker would wake the loop.
  var isMuted = false
  /// Whether its last worker gave it back because its peer was slow.
  var isSlow = false
  var deadline: MonotonicTime?
  /// The entry among the loop's deadlines, never later than `deadline`: moving a deadline on costs nothing, and
  /// connections that come and go leave no entries behind.
  var scheduled: MonotonicTime?
  var isIdle = false
  var previousIdle: Int?
  var nextIdle: Int?
}
