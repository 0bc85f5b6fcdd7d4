import Glibc
import Synchronization
import Testing

/// A blocking socket that sends and receives the very bytes that a test names.
final class RawClient: Sendable {
  /// Nobody listens.
  struct Refused: Error {}

  private let number: Int32

  init(port: Int, receiveBuffer: Int32? = nil) throws {
    number = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    try #require(number >= 0)
    if var receiveBuffer {
      unsafe setsockopt(number, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, 4)
    }
    var timeout = timeval(tv_sec: 20, tv_usec: 0)
    unsafe setsockopt(number, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port).bigEndian)
    address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
    let result = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe connect(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else { throw Refused() }
  }

  deinit {
    Glibc.close(number)
  }

  /// Sends all bytes; false when the peer takes no more.
  @discardableResult
  func send(_ bytes: [UInt8]) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let count = unsafe bytes.withUnsafeBytes {
        unsafe Glibc.send(number, $0.baseAddress?.advanced(by: sent), bytes.count - sent, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return false }
      sent += count
    }
    return true
  }

  @discardableResult
  func send(_ text: String) -> Bool { send(Array(text.utf8)) }

  /// What is there, at most `limit` bytes; empty at the end, nil when the connection was reset or nothing came.
  func receive(atMost limit: Int = 1 << 20) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: limit)
    let count = unsafe bytes.withUnsafeMutableBytes { unsafe recv(number, $0.baseAddress, limit, 0) }
    guard count >= 0 else { return nil }
    return Array(bytes[..<count])
  }

  /// Everything up to the end; nil when there was a reset instead of an end.
  func receiveAll() -> String? {
    var all: [UInt8] = []
    while let bytes = receive() {
      if bytes.isEmpty { return String(decoding: all, as: UTF8.self) }
      all += bytes
    }
    return nil
  }

  /// One answer with its Content-Length of content.
  func receiveAnswer(hasContent: Bool = true) throws -> Answer {
    while true {
      if let answer = rest.withLock({ Answer(&$0, hasContent: hasContent) }) { return answer }
      let bytes = try #require(receive())
      try #require(!bytes.isEmpty)
      rest.withLock { $0 += bytes }
    }
  }

  private let rest = Mutex<[UInt8]>([])

  func shutdownWrite() {
    Glibc.shutdown(number, Int32(SHUT_WR))
  }
}
