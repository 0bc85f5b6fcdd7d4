internal import CLinux
internal import Glibc

/// A connected TCP socket.
public final class SocketStream: ByteStream {
  /// How long a read or a write that waits does so at most; without limit where the process connected itself.
  ///
  /// A time limit of the socket's own, so that the system goes on with a transfer as soon as it can: to be told of
  /// readiness first and to ask then cost a quarter of the speed of four clients.
  public static let patience = Duration.milliseconds(50)

  private let descriptor: Descriptor

  init(_ descriptor: consuming Descriptor) {
    self.descriptor = descriptor
  }

  var number: Int32 { descriptor.number }

  /// Reads what is there.
  public func read(into span: inout MutableSpan<UInt8>, waits: Bool) -> Transfer {
    unsafe span.withUnsafeMutableBytes { bytes in
      while true {
        let count = unsafe recv(descriptor.number, bytes.baseAddress, bytes.count, waits ? 0 : Int32(MSG_DONTWAIT))
        if count > 0 { return .bytes(count) }
        if count == 0 { return .end }
        switch errno {
        case EINTR: continue
        case EAGAIN: return .wouldBlock(.readable)
        default: return .end
        }
      }
    }
  }

  /// Writes what fits into the send buffer.
  public func write(_ span: Span<UInt8>, waits: Bool) -> Transfer {
    let flags = waits ? Int32(MSG_NOSIGNAL) : Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
    return unsafe span.withUnsafeBytes { bytes in
      while true {
        let count = unsafe send(descriptor.number, bytes.baseAddress, bytes.count, flags)
        if count >= 0 { return .bytes(count) }
        switch errno {
        case EINTR: continue
        case EAGAIN: return .wouldBlock(.writable)
        default: return .end
        }
      }
    }
  }

  /// Sends FIN behind what was written.
  public func shutdownWrite() -> Readiness? {
    swa_shutdown_write(descriptor.number)
    return nil
  }

  /// Ends both directions.
  public func shutdown() {
    swa_shutdown(descriptor.number)
  }

  /// Never: the kernel holds what was not read.
  public var hasBufferedBytes: Bool { false }
}
