import Glibc
import Testing

/// A blocking connection that reads answers at the pace of its test.
final class RawConnection {
  /// The end came before what was asked for.
  struct Ended: Error {}

  /// Status and fields of an answer.
  struct Head {
    let status: String
    private let lines: [Substring]

    init(_ text: String) {
      lines = text.split(separator: "\r\n")
      status = String(lines.first?.dropFirst("HTTP/1.1 ".count).prefix(3) ?? "")
    }

    subscript(field: String) -> Int? {
      let prefix = field.lowercased() + ":"
      let line = lines.first { $0.lowercased().hasPrefix(prefix) }
      return line.flatMap { Int($0.dropFirst(prefix.count).drop { $0 == " " }) }
    }
  }

  private let number: Int32

  /// Connects; `receiveBuffer` bounds what the kernel takes for the test.
  init(port: Int, receiveBuffer: Int32? = nil) throws {
    number = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    try #require(number >= 0)
    if var receiveBuffer { unsafe setsockopt(number, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, 4) }
    var timeout = timeval(tv_sec: 30, tv_usec: 0)
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
    try #require(result == 0)
  }

  deinit {
    Glibc.close(number)
  }

  /// Sends a request.
  func send(_ method: String, _ path: String, content: [UInt8] = []) throws {
    let head = "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(content.count)\r\n\r\n"
    let bytes = Array(head.utf8) + content
    var sent = 0
    while sent < bytes.count {
      let count = unsafe bytes.withUnsafeBytes {
        unsafe Glibc.send(number, $0.baseAddress?.advanced(by: sent), bytes.count - sent, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { throw Ended() }
      sent += count
    }
  }

  /// Receives a head and nothing behind it.
  func receiveHead() throws -> Head {
    var bytes: [UInt8] = []
    while !bytes.suffix(4).elementsEqual("\r\n\r\n".utf8) { bytes += try receive(atMost: 1) }
    return Head(String(decoding: bytes, as: UTF8.self))
  }

  /// Receives exactly so many bytes of content.
  func receiveContent(_ byteCount: Int) throws -> [UInt8] {
    var content: [UInt8] = []
    content.reserveCapacity(byteCount)
    while content.count < byteCount { content += try receive(atMost: min(byteCount - content.count, 1 << 20)) }
    return content
  }

  private func receive(atMost limit: Int) throws -> [UInt8] {
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
      unsafe count = max(0, recv(number, buffer.baseAddress, limit, 0))
    }
    guard !bytes.isEmpty else { throw Ended() }
    return bytes
  }
}
