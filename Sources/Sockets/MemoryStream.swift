internal import Locks

/// A stream without a transport: what tests put in is read, what is written is kept.
public final class MemoryStream: ByteStream {
  private struct State {
    var incoming: [[UInt8]] = []
    var ended = false
    var written: [UInt8] = []
    var writeRoom = Int.max
    var isWriteShut = false
  }

  private let state = Lock(State())

  /// A stream with nothing to read yet.
  public init() {}

  /// Adds bytes to read; no read gives bytes of two pieces.
  public func put(_ piece: [UInt8]) {
    guard !piece.isEmpty else { return }
    state.withLock { $0.incoming.append(piece) }
  }

  /// Ends what there is to read.
  public func putEnd() {
    state.withLock { $0.ended = true }
  }

  /// How many more bytes writes take before they would block.
  public func limitWrites(to room: Int) {
    state.withLock { $0.writeRoom = room }
  }

  /// Takes everything written so far.
  public func takeWritten() -> [UInt8] {
    state.withLock { state in
      defer { state.written = [] }
      return state.written
    }
  }

  /// Whether `shutdownWrite` or `shutdown` was called.
  public var isWriteShut: Bool { state.withLock { $0.isWriteShut } }

  /// Gives bytes of the first piece, and never waits.
  public func read(into span: inout MutableSpan<UInt8>, waits: Bool) -> Transfer {
    let room = span.count
    let (piece, ended): ([UInt8], Bool) = state.withLock { state in
      guard let first = state.incoming.first else { return ([], state.ended) }
      if first.count <= room {
        state.incoming.removeFirst()
        return (first, false)
      }
      state.incoming[0] = Array(first[room...])
      return (Array(first[..<room]), false)
    }
    guard !piece.isEmpty else { return ended ? .end : .wouldBlock(.readable) }
    for index in piece.indices { span[index] = piece[index] }
    return .bytes(piece.count)
  }

  /// Keeps the bytes for `takeWritten`, and never waits.
  public func write(_ span: Span<UInt8>, waits: Bool) -> Transfer {
    var bytes: [UInt8] = []
    for index in span.indices { bytes.append(span[index]) }
    return state.withLock { state in
      guard !state.isWriteShut else { return .end }
      let count = min(bytes.count, state.writeRoom)
      guard count > 0 else { return .wouldBlock(.writable) }
      state.writeRoom -= count
      state.written += bytes[..<count]
      return .bytes(count)
    }
  }

  /// Later writes fail.
  public func shutdownWrite() -> Readiness? {
    state.withLock { $0.isWriteShut = true }
    return nil
  }

  /// Ends both directions.
  public func shutdown() {
    state.withLock {
      $0.isWriteShut = true
      $0.ended = true
    }
  }

  /// Never.
  public var hasBufferedBytes: Bool { false }
}
