import HTTPServer
import Tensors

extension Content {
  /// An npz file of tensors, in this order, whose ranges refer to `data`; what is large is sent from where it lies.
  ///
  /// Cost: one pass over all elements, for the checksums that stand in front of them.
  static func npz(_ tensors: [TensorDescription], in data: Content, metadata: [(String, String)]) -> Content {
    var archive = NpzArchive()
    var pieces: [any ByteSource] = []
    var small = GatheredSource()
    for tensor in tensors {
      let elements = data.part(tensor.range).pieces
      let head = archive.head(of: tensor) { checksum in
        for piece in elements { checksum.update(piece) }
      }
      for piece in [head] + elements { small.append(piece, else: &pieces) }
    }
    // The order of variables is that of the archive.
    small.append(archive.end(metadata: metadata.filter { $0.0 != "order" }), else: &pieces)
    small.flush(to: &pieces)
    return Content(pieces)
  }
}

/// Small pieces as one, so that they are sent together; copied when they are sent.
private struct GatheredSource: ByteSource {
  /// From this size on a piece is sent by itself.
  private static let largePiece = 32 << 10
  private static let limit = 256 << 10

  private var pieces: [any ByteSource] = []
  private(set) var byteCount = 0

  /// Takes a small piece in; what is full, and a large piece, goes to `others`.
  mutating func append(_ piece: any ByteSource, else others: inout [any ByteSource]) {
    if piece.byteCount >= Self.largePiece || byteCount + piece.byteCount > Self.limit { flush(to: &others) }
    guard piece.byteCount < Self.largePiece else { return others.append(piece) }
    pieces.append(piece)
    byteCount += piece.byteCount
  }

  /// Gives away what is there.
  mutating func flush(to others: inout [any ByteSource]) {
    guard byteCount > 0 else { return }
    others.append(self)
    self = GatheredSource()
  }

  func withBytes<R>(in range: Range<Int>, _ body: (Span<UInt8>) throws -> R) rethrows -> R {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(range.count)
    for piece in Content(pieces).part(range).pieces {
      piece.withBytes(in: 0..<piece.byteCount) { part in
        bytes.append(addingCapacity: part.count) { output in
          for index in part.indices { output.append(part[index]) }
        }
      }
    }
    return try body(bytes.span)
  }
}

extension CRC32 {
  /// Takes the bytes of a piece in, part by part, as they would be sent.
  fileprivate mutating func update(_ piece: any ByteSource) {
    for begin in stride(from: 0, to: piece.byteCount, by: 256 << 10) {
      piece.withBytes(in: begin..<min(begin + 256 << 10, piece.byteCount)) { update($0) }
    }
  }
}
