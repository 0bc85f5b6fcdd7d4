internal import Sockets

/// What a transport is known to be ready for.
struct ReadySet: Sendable {
  var isReadable = false
  var isWritable = false
  /// The peer has ended its direction: reading goes on until the end is met.
  var isHungUp = false
  /// Both directions have ended.
  var isBroken = false

  static let all = ReadySet(isReadable: true, isWritable: true)

  func contains(_ readiness: Readiness) -> Bool {
    readiness == .readable ? isReadable : isWritable
  }

  mutating func remove(_ readiness: Readiness) {
    if readiness == .readable { isReadable = false } else { isWritable = false }
  }
}
