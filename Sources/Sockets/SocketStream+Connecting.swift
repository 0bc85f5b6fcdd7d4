internal import CLinux
internal import Glibc

extension SocketStream {
  /// A connection to a host, at the first of its addresses that takes one. Unlike accepted ones it waits: reading until
  /// bytes are there, writing until all are taken.
  public convenience init(connectingTo host: String, port: Int) throws(SocketError) {
    guard (0...65535).contains(port) else { throw .invalidPort(port) }
    var failure = SocketError.unresolvable(host: host, reason: "no address")
    for var candidate in try AddressCandidates(host: host).addresses {
      candidate.setPort(port)
      let number = socket(candidate.family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
      guard number >= 0 else { throw .call("socket", errno: errno) }
      let descriptor = Descriptor(number)
      if unsafe candidate.withPointer({ unsafe connect(number, $0, $1) }) == 0 {
        _ = swa_set_option(number, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        self.init(descriptor)
        return
      }
      failure = .call("connect", errno: errno)
    }
    throw failure
  }
}
