/// Finds a request's head at the front of what has arrived, and reads it strictly (RFC 9112).
///
/// It is given the same bytes again, and more of them, until it has an outcome; no byte is looked at twice before the
/// head is complete, so that a head in drips costs no more than one in a piece.
struct HeadParser: Sendable {
  enum Outcome: Sendable {
    case needMore
    case head(Head, byteCount: Int)
    case failure(HeadError)
  }

  private let maximumBytes: Int
  private var start = 0
  private var scanned = 0
  private var lineStart = 0

  init(maximumBytes: Int) {
    self.maximumBytes = maximumBytes
  }

  /// Reads the head at the front of `input`.
  mutating func parse(_ input: InputBuffer, peer: String) -> Outcome {
    parse(input.storage.span.extracting(input.start..<input.end), peer: peer)
  }

  /// Reads the head at the front of `bytes`.
  mutating func parse(_ bytes: Span<UInt8>, peer: String = "") -> Outcome {
    do throws(HeadError) {
      guard let end = try findEnd(bytes) else { return .needMore }
      var reader = HeadReader()
      try reader.read(bytes, start..<end)
      return .head(try reader.head(peer: peer), byteCount: end)
    } catch {
      return .failure(error)
    }
  }

  private mutating func findEnd(_ bytes: Span<UInt8>) throws(HeadError) -> Int? {
    let count = min(bytes.count, maximumBytes)
    // One empty line before the request line is skipped (RFC 9112, section 2.2).
    if scanned == 0, count >= 1, bytes[0] == .carriageReturn {
      guard count >= 2 else { return nil }
      guard bytes[1] == .lineFeed else { throw .bareCarriageReturn }
      (start, scanned, lineStart) = (2, 2, 2)
    }
    var index = scanned
    while index < count {
      let byte = bytes[index]
      if byte >= .space {
        guard byte != 127 else { throw .controlByte }
      } else if byte == .carriageReturn {
        guard index + 1 < count else { break }
        guard bytes[index + 1] == .lineFeed else { throw .bareCarriageReturn }
        let isEmptyLine = index == lineStart
        index += 1
        lineStart = index + 1
        if isEmptyLine { return lineStart }
      } else if byte == .lineFeed {
        throw .bareLineFeed
      } else if byte != .tab {
        throw .controlByte
      }
      index += 1
    }
    scanned = index
    guard bytes.count < maximumBytes else { throw lineStart == start ? .targetTooLong : .headTooLarge }
    return nil
  }
}
