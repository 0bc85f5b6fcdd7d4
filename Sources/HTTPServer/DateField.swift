internal import Sockets
internal import Locks

/// The fields that every answer carries, made anew when the second changes.
final class DateField: Sendable {
  private struct State {
    var second = -1
    var bytes: [UInt8] = []
  }

  private let state = Lock(State())

  /// The lines of Date and Server.
  func append(to bytes: inout [UInt8]) {
    let second = Machine.wallSeconds
    bytes += state.withLock { state in
      if state.second != second {
        state.second = second
        state.bytes = Array("Date: \(HTTPDate.text(second))\r\nServer: swa-server\r\n".utf8)
      }
      return state.bytes
    }
  }
}
