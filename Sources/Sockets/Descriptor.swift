internal import Glibc

/// A file descriptor with one owner, closed at its end.
struct Descriptor: ~Copyable, Sendable {
  let number: Int32

  init(_ number: Int32) {
    self.number = number
  }

  /// Owns the result of a call that answers a descriptor or a negated errno.
  init(_ result: Int32, from call: String) throws(SocketError) {
    guard result >= 0 else { throw .call(call, errno: -result) }
    number = result
  }

  deinit {
    close(number)
  }
}
