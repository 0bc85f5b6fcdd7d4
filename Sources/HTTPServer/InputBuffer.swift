internal import Sockets

/// Bytes that were read and not yet used. A connection without any borrows the memory of its thread.
struct InputBuffer: Sendable {
  private(set) var storage: [UInt8] = []
  private(set) var start = 0
  private(set) var end = 0

  var isEmpty: Bool { start == end }
  var count: Int { end - start }
  var hasStorage: Bool { !storage.isEmpty }

  mutating func consume(_ count: Int) {
    start += count
    if start == end { (start, end) = (0, 0) }
  }

  mutating func removeAll() {
    (start, end) = (0, 0)
  }

  /// Takes `spare` as its memory.
  mutating func borrow(_ spare: inout [UInt8]) {
    swap(&storage, &spare)
  }

  /// Gives the borrowed memory back, and keeps a copy of what is left.
  mutating func giveBack(_ spare: inout [UInt8]) {
    let rest = Array(storage[start..<end])
    swap(&storage, &spare)
    storage = rest
    (start, end) = (0, rest.count)
  }

  /// Lets go of memory that holds nothing.
  mutating func release() {
    if isEmpty { storage = [] }
  }

  /// Reads from `stream` behind what is there; `isFull` tells whether more might have come.
  mutating func fill(
    from stream: any ByteStream, capacity: Int, waits: Bool
  ) -> (transfer: Transfer, isFull: Bool) {
    if end == storage.count, start > 0 {
      storage.removeSubrange(..<start)
      (start, end) = (0, end - start)
    }
    if storage.count - end < 1024 {
      let size = min(max(4096, 2 * storage.count), max(capacity, end + 1024))
      storage += [UInt8](repeating: 0, count: size - storage.count)
    }
    let size = storage.count - end
    let transfer = read(from: stream, waits: waits)
    guard case .bytes(let count) = transfer else { return (transfer, false) }
    end += count
    return (transfer, count == size)
  }

  private mutating func read(from stream: any ByteStream, waits: Bool) -> Transfer {
    let start = end
    var all = storage.mutableSpan
    var room = all._mutatingExtracting(start..<all.count)
    return stream.read(into: &room, waits: waits)
  }

  /// Moves at most `limit` bytes to the front of `span`; answers how many.
  mutating func move(to span: inout MutableSpan<UInt8>, atMost limit: Int) -> Int {
    let count = min(limit, self.count)
    span.copy(storage.span.extracting(start..<start + count))
    consume(count)
    return count
  }
}
