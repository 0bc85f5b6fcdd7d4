/// Finds a request's head at the front of what has arrived, and reads it strictly (RFC 9112).
///
/// It is given the same bytes again, and more of them, until it has an outcome; no byte is looked at twice before the
/// head is complete, so that a head in drips costs no more than one in a piece.
struct HeadParser: Sendable {
  enum Outcome: Sendable {
    case needMore
    case head(Head, byteCount: Int)
    /// Whether the method is HEAD counts for the refusal too, which then has no content.
    case failure(HeadError, isHead: Bool)
  }

  /// The longest head that is remembered.
  private static let longestKnown = 1024

  private let maximumBytes: Int
  /// The last head and its bytes: a client's requests are mostly alike, and the same bytes say the same.
  private var known: (head: Head, bytes: [UInt8])?
  private var start = 0
  private var scanned = 0
  private var lineStart = 0
  private var hasJudgedRequestLine = false

  init(maximumBytes: Int) {
    self.maximumBytes = maximumBytes
  }

  /// Makes ready for the next head.
  mutating func reset() {
    (start, scanned, lineStart, hasJudgedRequestLine) = (0, 0, 0, false)
  }

  /// Whether a byte of the request line is there.
  var hasBegun: Bool { scanned > start }

  /// Reads the head at the front of `input`.
  mutating func parse(_ input: InputBuffer, peer: String) -> Outcome {
    parse(input.storage.span.extracting(input.start..<input.end), peer: peer)
  }

  /// Reads the head at the front of `bytes`.
  mutating func parse(_ bytes: Span<UInt8>, peer: String = "") -> Outcome {
    if let (head, same) = known, bytes.begins(with: same.span) { return .head(head, byteCount: same.count) }
    do throws(HeadError) {
      guard let end = try findEnd(bytes) else {
        // Whoever speaks no HTTP need not be waited for to the end of the head.
        try judgeRequestLine(bytes)
        return try needMore(bytes)
      }
      var reader = HeadReader()
      try reader.read(bytes, start..<end)
      let head = try reader.head(peer: peer)
      if end <= Self.longestKnown { known = (head, bytes.copy(of: 0..<end)) }
      return .head(head, byteCount: end)
    } catch {
      return .failure(error, isHead: bytes.count >= start + 5 && bytes.text(in: start..<start + 5) == "HEAD ")
    }
  }

  private mutating func judgeRequestLine(_ bytes: Span<UInt8>) throws(HeadError) {
    guard !hasJudgedRequestLine, let end = bytes.firstIndex(of: .carriageReturn, in: start..<lineStart) else { return }
    hasJudgedRequestLine = true
    var reader = HeadReader()
    try reader.readRequestLine(bytes, start..<end)
  }

  private func needMore(_ bytes: Span<UInt8>) throws(HeadError) -> Outcome {
    guard bytes.count < maximumBytes else { throw lineStart == start ? .targetTooLong : .headTooLarge }
    return .needMore
  }

  private mutating func findEnd(_ bytes: Span<UInt8>) throws(HeadError) -> Int? {
    do throws(HeadError) {
      return try scan(bytes)
    } catch {
      // A head in one piece is refused for the same reason as one in drips.
      try judgeRequestLine(bytes)
      throw error
    }
  }

  private mutating func scan(_ bytes: Span<UInt8>) throws(HeadError) -> Int? {
    let count = min(bytes.count, maximumBytes)
    // Empty lines before the request line are skipped (RFC 9112, section 2.2).
    while scanned == start, start + 1 < count, bytes[start] == .carriageReturn {
      guard bytes[start + 1] == .lineFeed else { throw .bareCarriageReturn }
      start += 2
      (scanned, lineStart) = (start, start)
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
    return nil
  }
}
