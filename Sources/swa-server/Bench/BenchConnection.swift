import Sockets
import Tensors

/// A plain connection that waits, and speaks just enough HTTP/1.1 to load a server: one request, one answer.
struct BenchConnection {
  /// More at once makes `send` slower: the bytes leave the cache before they are copied.
  private static let piece = 256 << 10

  private let stream: SocketStream
  private var buffer = [UInt8](repeating: 0, count: 64 << 10)
  private var filled = 0
  /// Bytes of the present answer's content that have not come.
  private(set) var contentLeft = 0

  init(to address: SocketAddress) throws(Failure) {
    do throws(SocketError) {
      stream = try SocketStream(connectingTo: address.host, port: address.port)
    } catch {
      throw Failure(.unavailable, "\(address): \(error)")
    }
  }

  /// Sends a request; its body in pieces from where it lies.
  func send(_ head: [UInt8], _ body: Region? = nil) throws(Failure) {
    try write(head.span)
    guard let body else { return }
    try body.withBytes { (bytes) throws(Failure) in try write(bytes) }
  }

  private func write(_ bytes: Span<UInt8>) throws(Failure) {
    var rest = bytes
    while !rest.isEmpty {
      guard case .bytes(let count) = stream.write(rest.extracting(first: min(Self.piece, rest.count)), waits: true)
      else {
        throw Self.closed
      }
      rest = rest.extracting(droppingFirst: count)
    }
  }

  /// Waits for an answer's head; answers its status.
  mutating func receiveHead() throws(Failure) -> Int {
    filled = 0
    var searched = 0
    while true {
      if let end = headEnd(from: searched) {
        guard let status = number(at: 9), let length = contentLength(before: end) else {
          throw Failure(.unavailable, "what answers is not a server of HTTP/1.1 with Content-Length")
        }
        contentLeft = length - (filled - end)
        return status
      }
      searched = max(0, filled - 3)
      guard filled < buffer.count else { throw Failure(.unavailable, "the head of the answer does not end") }
      filled += try readMore(behind: filled)
    }
  }

  private mutating func readMore(behind start: Int) throws(Failure) -> Int {
    let stream = stream
    var all = buffer.mutableSpan
    var room = all._mutatingExtracting(start..<all.count)
    return try Self.read(stream, into: &room)
  }

  /// Waits for the next bytes of the content, and puts them where they belong in `region`, which is reused.
  mutating func receiveContent(into region: inout Region, atMost limit: Int = .max) throws(Failure) {
    let wanted = min(contentLeft, limit, region.byteCount)
    let begin = max(region.byteCount - contentLeft, 0)
    var result: Result<Int, Failure> = .success(0)
    _ = region.receive(in: begin..<min(begin + wanted, region.byteCount)) { span in
      do throws(Failure) {
        result = .success(try Self.read(stream, into: &span))
      } catch {
        result = .failure(error)
      }
      return 0
    }
    contentLeft -= try result.get()
  }

  /// One request and its whole answer; answers the status.
  mutating func exchange(_ head: [UInt8], _ body: Region?, into region: inout Region) throws(Failure) -> Int {
    try send(head, body)
    let status = try receiveHead()
    while contentLeft > 0 { try receiveContent(into: &region) }
    return status
  }

  private static func read(_ stream: SocketStream, into span: inout MutableSpan<UInt8>) throws(Failure) -> Int {
    guard case .bytes(let count) = stream.read(into: &span, waits: true) else { throw closed }
    return count
  }

  private static let closed = Failure(.unavailable, "the server has closed the connection")

  private func headEnd(from start: Int) -> Int? {
    let bytes = buffer.span
    var index = start
    while index + 3 < filled {
      // The last of the four, where most steps can be the largest.
      if bytes[index + 3] != UInt8(ascii: "\n") {
        index += 1
      } else if bytes[index] == UInt8(ascii: "\r"), bytes[index + 1] == UInt8(ascii: "\n") {
        return index + 4
      } else {
        index += 1
      }
    }
    return nil
  }

  private func number(at start: Int) -> Int? {
    var number: Int?
    for index in start..<filled {
      guard (48...57).contains(buffer[index]) else { break }
      number = (number ?? 0) * 10 + Int(buffer[index] - 48)
    }
    return number
  }

  /// The length that the head says; 0 for 204 and 304, which have none.
  private func contentLength(before end: Int) -> Int? {
    let name = Self.contentLengthName.span
    var start = 0
    while start < end {
      var index = 0
      while index < name.count, buffer[start + index] | 0x20 == name[index] { index += 1 }
      if index == name.count { return number(at: start + index + 2) }
      while start < end, buffer[start] != UInt8(ascii: "\n") { start += 1 }
      start += 1
    }
    return 0
  }

  private static let contentLengthName = Array("content-length".utf8)
}
