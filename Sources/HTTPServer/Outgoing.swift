internal import HTTPTypes
internal import Sockets

/// An answer on its way: the head and what is small behind it in one piece, the rest where it lives, and how far it came.
struct Outgoing: Sendable {
  /// More at once makes `send` slower: the bytes leave the cache before they are copied.
  private static let piece = 256 << 10
  /// Content up to this size is copied behind the head.
  static let small = Content.small
  private static let smallPiece = 16 << 10

  private var prefix: [UInt8] = []
  private var prefixSent = 0
  private var pieces: ArraySlice<any ByteSource> = []
  private var offset = 0
  /// Bytes still to be sent.
  private(set) var left = 0
  /// Bytes of content, which come last.
  private(set) var contentCount = 0

  init() {}

  /// The bytes of `response`, after `interim`; without content for HEAD, 204 and 304 (RFC 9110, section 6.4.1).
  init(
    _ response: Response, to method: HTTPRequest.Method?, closes: Bool, date: DateField, after interim: [UInt8] = []
  ) {
    let status = response.status
    let count = response.content.byteCount
    let hasContent = status != .noContent && status != .notModified
    prefix.reserveCapacity(512 + (count <= Self.small ? count : 0))
    prefix += interim
    prefix += status == .ok ? Self.okLine : Self.line(of: status)
    prefix += response.fields.bytes
    if hasContent {
      prefix += Self.contentLength
      prefix.append(decimal: count)
      prefix += Self.lineEnd
    }
    if closes { prefix += "Connection: close\r\n".utf8 }
    date.append(to: &prefix)
    prefix += Self.lineEnd
    left = prefix.count
    guard hasContent, method != .head else { return }
    left += count
    contentCount = count
    pieces = response.content.pieces[...]
    while let piece = pieces.first, count <= Self.small || piece.byteCount <= Self.smallPiece {
      guard append(piece) else { break }
      pieces.removeFirst()
    }
  }

  private static let okLine = line(of: .ok)
  private static let contentLength = Array("Content-Length: ".utf8)
  private static let lineEnd = Array("\r\n".utf8)

  private static func line(of status: HTTPResponse.Status) -> [UInt8] {
    Array("HTTP/1.1 \(status.code) \(status.reasonPhrase)\r\n".utf8)
  }

  /// Takes a piece into the prefix unless it can't be read.
  private mutating func append(_ piece: any ByteSource) -> Bool {
    if let bytes = piece as? [UInt8] {
      prefix += bytes
      return true
    } else {
      return piece.withBytes(in: 0..<piece.byteCount) { bytes in
        guard bytes.count == piece.byteCount else { return false }
        prefix.append(contentsOf: bytes)
        return true
      }
    }
  }

  /// Whether a byte has left.
  var hasBegun: Bool { prefixSent > 0 }

  /// Sends the next piece.
  mutating func write(to stream: any ByteStream, waits: Bool) -> Transfer {
    if prefixSent < prefix.count {
      let transfer = stream.write(prefix.span.extracting(prefixSent..<prefix.count), waits: waits)
      if case .bytes(let count) = transfer {
        prefixSent += count
        left -= count
      }
      return transfer
    }
    while let piece = pieces.first {
      guard offset < piece.byteCount else {
        pieces.removeFirst()
        offset = 0
        continue
      }
      let range = offset..<min(offset + Self.piece, piece.byteCount)
      // What can't be read can't be sent: the client sees that the answer is cut short.
      let transfer = piece.withBytes(in: range) { $0.count < range.count ? .end : stream.write($0, waits: waits) }
      if case .bytes(let count) = transfer {
        offset += count
        left -= count
      }
      return transfer
    }
    left = 0
    return .bytes(0)
  }
}
