internal import CLinux
internal import Glibc

/// A connected TCP socket, non-blocking.
public final class SocketStream: ByteStream {
  private let descriptor: Descriptor

  init(_ descriptor: consuming Descriptor) {
    self.descriptor = descriptor
  }

  var number: Int32 { descriptor.number }

  /// Reads what is there.
  public func read(into span: inout MutableSpan<UInt8>) -> Transfer {
    unsafe span.withUnsafeMutableBytes { bytes in
      while true {
        let count = unsafe recv(descriptor.number, bytes.baseAddress, bytes.count, 0)
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
  public func write(_ span: Span<UInt8>) -> Transfer {
    unsafe span.withUnsafeBytes { bytes in
      while true {
        let count = unsafe send(descriptor.number, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
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

  /// Waits with poll(2).
  public func wait(for readiness: Readiness, milliseconds: Int) -> Bool {
    let events = Int16(readiness == .readable ? POLLIN : POLLOUT)
    var entry = pollfd(fd: descriptor.number, events: events, revents: 0)
    return unsafe poll(&entry, 1, Int32(clamping: milliseconds)) > 0
  }

  /// Never: the kernel holds what was not read.
  public var hasBufferedBytes: Bool { false }
}
