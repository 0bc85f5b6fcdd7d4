internal import HTTPTypes
internal import Sockets

/// An answer on its way: the head and what is small behind it in one piece, the rest where it lives, and how far it came.
struct Outgoing: Sendable {
  /// More at once makes `send` slower: the bytes leave the cache before they are copied.
  private static let piece = 256 << 10
  /// Content up to this size is copied behind the head.
  static let small = 64 << 10
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
    prefix += "HTTP/1.1 ".utf8
    prefix.append(decimal: status.code)
    prefix.append(.space)
    prefix += status.reasonPhrase.utf8
    for field in response.fields {
      prefix.append(.carriageReturn)
      prefix.append(.lineFeed)
      prefix += field.name.rawName.utf8
      prefix.append(UInt8(ascii: ":"))
      prefix.append(.space)
      prefix += field.value.utf8
    }
    if hasContent {
      prefix += "\r\nContent-Length: ".utf8
      prefix.append(decimal: count)
    }
    prefix += "\r\n".utf8
    if closes { prefix += "Connection: close\r\n".utf8 }
    date.append(to: &prefix)
    prefix += "\r\n".utf8
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

  /// Takes a piece into the prefix unless it can't be read.
  private mutating func append(_ piece: any ByteSource) -> Bool {
    if let bytes = piece as? [UInt8] {
      prefix += bytes
      return true
    } else {
      return piece.withBytes(in: 0..<piece.byteCount) { bytes in
        guard bytes.count == piece.byteCount else { return false }
        prefix.append(addingCapacity: bytes.count) { output in
          for index in bytes.indices { output.append(bytes[index]) }
        }
        return true
      }
    }
  }

  /// Whether a byte has left.
  var hasBegun: Bool { prefixSent > 0 }

  /// Sends the next piece.
  mutating func write(to stream: any ByteStream) -> Transfer {
    if prefixSent < prefix.count {
      let transfer = stream.write(prefix.span.extracting(prefixSent..<prefix.count))
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
      let transfer = piece.withBytes(in: range) { $0.count < range.count ? .end : stream.write($0) }
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
