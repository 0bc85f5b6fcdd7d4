internal import CLinux
internal import Glibc

/// A listening TCP socket.
public final class Listener: Sendable {
  private let descriptor: Descriptor
  /// Where it listens, with the port that was bound.
  public let address: SocketAddress

  private init(_ descriptor: consuming Descriptor, _ address: SocketAddress) {
    self.descriptor = descriptor
    self.address = address
  }

  var number: Int32 { descriptor.number }

  /// What came of asking for a connection.
  public enum Acceptance {
    /// A connection, and its peer.
    case stream(SocketStream, peer: SocketAddress?)
    /// Nobody waits.
    case none
    /// No descriptor is left for it.
    case exhausted
  }

  /// Takes the next waiting connection, without waiting for one.
  public func accept() -> Acceptance {
    while true {
      var peer = sockaddr_storage()
      let result = unsafe swa_accept(descriptor.number, &peer)
      if result >= 0 {
        let stream = SocketStream(Descriptor(result))
        _ = swa_set_option(result, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        // Nothing may wait without limit.
        guard swa_set_timeouts(result, Int64(SocketStream.patience / .microseconds(1))) == 0 else { continue }
        return .stream(stream, peer: SocketAddress(peer))
      }
      switch -result {
      case EAGAIN: return .none
      // Found before the system looks whether anybody waits.
      case EMFILE, ENFILE, ENOBUFS, ENOMEM: return isAwaited ? .exhausted : .none
      // It was stopped by now.
      case EINVAL: return .none
      // The peer's own errors (accept(2)): that connection is gone, the next may be fine.
      default: continue
      }
    }
  }

  private var isAwaited: Bool {
    var entry = pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&entry, 1, 0) > 0
  }

  /// Refuses connections from now on, those included that nobody has taken yet.
  public func stop() {
    swa_shutdown(descriptor.number)
  }

  /// Listens on every address of `host`; with port 0 on one free port of all of them.
  public static func listen(host: String, port: Int) throws(SocketError) -> [Listener] {
    guard (0...65535).contains(port) else { throw .invalidPort(port) }
    let candidates = try AddressCandidates(host: host)
    var failure = SocketError.unresolvable(host: host, reason: "no address")
    // A free port of the first address may be taken at the second: then both are tried anew.
    for _ in 0..<16 {
      var listeners: [Listener] = []
      var retry = false
      for var candidate in candidates.addresses {
        do throws(SocketError) {
          candidate.setPort(listeners.first?.address.port ?? port)
          listeners.append(try bind(candidate))
        } catch {
          switch error {
          // Without IPv6 on the machine, localhost still has its other address.
          case .call(_, EADDRNOTAVAIL), .call(_, EAFNOSUPPORT): failure = error
          case .addressInUse where port == 0 && !listeners.isEmpty:
            failure = error
            retry = true
          default: throw error
          }
        }
        if retry { break }
      }
      if !retry, !listeners.isEmpty { return listeners }
      if !retry { break }
    }
    throw failure
  }

  private static func bind(_ candidate: AddressCandidates.Address) throws(SocketError) -> Listener {
    let flags = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    let number = socket(candidate.family, flags, 0)
    guard number >= 0 else { throw .call("socket", errno: errno) }
    let descriptor = Descriptor(number)
    _ = swa_set_option(number, SOL_SOCKET, SO_REUSEADDR, 1)
    let bound = unsafe candidate.withPointer { unsafe Glibc.bind(number, $0, $1) }
    guard bound == 0 else {
      let code = errno
      if code == EADDRINUSE, let address = SocketAddress(candidate.storage) { throw .addressInUse("\(address)") }
      throw .call("bind", errno: code)
    }
    guard Glibc.listen(number, 4096) == 0 else { throw .call("listen", errno: errno) }
    var name = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let named = unsafe withUnsafeMutablePointer(to: &name) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe getsockname(number, $0, &length) }
    }
    guard named == 0, let address = SocketAddress(name) else { throw .call("getsockname", errno: errno) }
    return Listener(descriptor, address)
  }
}
