/// Bytes that were read ahead and not parsed yet.
struct ReadWindow: Sendable {
  private static let firstByteCount = 16 << 10

  private var bytes: [UInt8] = []
  private var start = 0
  private var end = 0

  /// How many there are.
  var count: Int { end - start }

  var isEmpty: Bool { start == end }

  /// Lends them.
  func withBytes<R, E: Error>(_ body: (Span<UInt8>) throws(E) -> R) throws(E) -> R {
    try body(bytes.span.extracting(start..<end))
  }

  /// Copies from the front into memory that is lent, and drops what was copied.
  mutating func move(to target: inout MutableSpan<UInt8>) -> Int {
    let count = min(target.count, self.count)
    for index in 0..<count { target[index] = bytes[start &+ index] }
    start += count
    return count
  }

  mutating func drop(_ count: Int) {
    start += count
  }

  /// Lets `fill` write behind them. The memory grows as bytes come, when all there is belongs to one record.
  mutating func receive(_ fill: (inout MutableSpan<UInt8>) -> Int) {
    if start == end {
      (start, end) = (0, 0)
    } else if end == bytes.count, start > 0 {
      bytes.removeFirst(start)
      (start, end) = (0, end - start)
    }
    if end == bytes.count {
      bytes += [UInt8](repeating: 0, count: max(Self.firstByteCount, bytes.count))
    }
    let begin = end
    var all = bytes.mutableSpan
    var room = all._mutatingExtracting(begin..<all.count)
    let count = fill(&room)
    end = begin + count
  }
}
