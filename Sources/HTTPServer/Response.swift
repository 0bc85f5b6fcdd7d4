public import HTTPTypes
internal import Sockets

/// One final answer: status, fields and content. Date, Server, Content-Length and Connection are the connection's to add.
public struct Response: Sendable {
  /// The status code.
  public var status: HTTPResponse.Status
  /// Fields beside those that the connection adds.
  public var fields: FieldLines
  /// The content; not sent for HEAD, 204 and 304.
  public var content: Content

  /// An answer with the given content.
  public init(_ status: HTTPResponse.Status, fields: FieldLines = [:], content: Content = Content()) {
    self.status = status
    self.fields = fields
    self.content = content
  }
}

/// Bytes that stay where they live until they are sent, such as a region of a model.
public protocol ByteSource: Sendable {
  /// How many bytes there are.
  var byteCount: Int { get }
  /// Lends the bytes of `range`, which lies within `0..<byteCount`, without copying them; fewer when they can't be had.
  func withBytes<R>(in range: Range<Int>, _ body: (Span<UInt8>) throws -> R) rethrows -> R
}

extension [UInt8]: ByteSource {
  /// The array's count.
  public var byteCount: Int { count }
  /// Lends part of the array.
  public func withBytes<R>(in range: Range<Int>, _ body: (Span<UInt8>) throws -> R) rethrows -> R {
    try body(span.extracting(range))
  }
}

/// An answer's content: pieces that are sent one after the other from where they live.
public struct Content: Sendable {
  /// The pieces in the order of sending.
  public let pieces: [any ByteSource]
  /// The sum of the pieces' bytes.
  public let byteCount: Int

  /// Content of up to so many bytes is copied behind the head of its answer.
  public static let small = 64 << 10

  /// Content of several pieces, none for an empty one.
  public init(_ pieces: (any ByteSource)...) {
    self.init(pieces)
  }

  /// The same bytes in one piece of memory of their own; nil when a source can't be read.
  public func copied() -> Content? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(byteCount)
    for piece in pieces {
      piece.withBytes(in: 0..<piece.byteCount) { bytes.append(contentsOf: $0) }
    }
    return bytes.count == byteCount ? Content(bytes) : nil
  }

  /// Content of several pieces.
  public init(_ pieces: [any ByteSource]) {
    self.pieces = pieces
    byteCount = pieces.reduce(0) { $0 + $1.byteCount }
  }
}
