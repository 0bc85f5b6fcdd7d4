import Foundation
import Synchronization

/// A server on a free port of 127.0.0.1 that gives literal answers, whatever is asked, and remembers the requests.
final class ScriptedServer: Sendable {
  let port: Int
  private let listener: Listener
  private let log = Log()

  /// What has come; of its own, so that the thread keeps nothing else alive.
  private final class Log: Sendable {
    let requests = Mutex<[Request]>([])
  }

  /// One request as it came.
  struct Request {
    let head: String
    let body: [UInt8]
  }

  /// For each connection its answers, one for each request; after the last it is closed.
  init(_ connections: [[String]]) throws {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        unsafe bind(descriptor, address, length) == 0 && listen(descriptor, 8) == 0
          && getsockname(descriptor, address, &length) == 0
      }
    }
    guard result else { throw Failure() }
    let listener = Listener(descriptor: descriptor)
    self.listener = listener
    port = Int(UInt16(bigEndian: address.sin_port))
    // A thread of its own: one of a pool could wait for others that wait for this.
    Thread.detachNewThread { [log, listener] in
      var index = 0
      while index < connections.count {
        let connection = accept(listener.descriptor, nil, nil)
        guard connection >= 0 else { break }
        var isUsed = false
        for answer in connections[index] {
          guard let request = Self.readRequest(connection) else { break }
          isUsed = true
          log.requests.withLock { $0.append(request) }
          let bytes = Array(answer.utf8)
          _ = unsafe send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        }
        close(connection)
        // libcurl makes one and says nothing on it when it finds a kept one dead.
        if isUsed { index += 1 }
      }
    }
  }

  deinit {
    stop()
  }

  var url: String { "http://127.0.0.1:\(port)" }

  /// What has come so far.
  var requests: [Request] { log.requests.withLock { $0 } }

  /// Makes nobody's connection succeed any more.
  func stop() { shutdown(listener.descriptor, Int32(SHUT_RDWR)) }

  /// Closed when neither the server nor its thread has it: a descriptor closed under the thread could be another
  /// server's by the time it accepts.
  private final class Listener: Sendable {
    let descriptor: Int32

    init(descriptor: Int32) {
      self.descriptor = descriptor
    }

    deinit {
      close(descriptor)
    }
  }

  struct Failure: Error {}

  private static func readRequest(_ connection: Int32) -> Request? {
    let end = Array("\r\n\r\n".utf8)
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      if let start = bytes.indices.first(where: { bytes[$0...].starts(with: end) }) {
        let head = String(decoding: bytes[..<start], as: UTF8.self)
        let lengthLine = head.split(separator: "\r\n").first { $0.hasPrefix("Content-Length: ") }
        let length = lengthLine.flatMap { Int($0.dropFirst("Content-Length: ".count)) } ?? 0
        let body = Array(bytes[(start + end.count)...])
        if body.count >= length { return Request(head: head, body: body) }
      }
      let count = unsafe recv(connection, &buffer, buffer.count, 0)
      guard count > 0 else { return nil }
      bytes += buffer.prefix(count)
    }
  }
}
