extension Content {
  /// The bytes of `range`, which lies within `0..<byteCount`, from where they live.
  public func part(_ range: Range<Int>) -> Content {
    var parts: [any ByteSource] = []
    var begin = 0
    for piece in pieces {
      let end = begin + piece.byteCount
      let wanted = range.clamped(to: begin..<end)
      if wanted.count == piece.byteCount {
        parts.append(piece)
      } else if !wanted.isEmpty {
        parts.append(PartSource(source: piece, range: wanted.lowerBound - begin..<wanted.upperBound - begin))
      }
      begin = end
    }
    return Content(parts)
  }
}

/// Part of another source.
private struct PartSource: ByteSource {
  let source: any ByteSource
  let range: Range<Int>

  var byteCount: Int { range.count }

  func withBytes<R>(in part: Range<Int>, _ body: (Span<UInt8>) throws -> R) rethrows -> R {
    let begin = range.lowerBound + part.lowerBound
    return try source.withBytes(in: begin..<begin + part.count, body)
  }
}
