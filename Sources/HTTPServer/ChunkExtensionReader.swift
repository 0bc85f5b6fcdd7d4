/// Reads the extensions behind a chunk's size (RFC 9112, section 7.1.1), which mean nothing here but must be sound.
struct ChunkExtensionReader: Sendable, Equatable {
  private enum State: Equatable {
    /// Behind the size or a whole extension: another one, or the end.
    case complete
    /// Behind a blank, which only a semicolon may follow.
    case blank
    case nameStart, name, nameBlank
    case valueStart, token, quoted, quotedPair
  }

  private var state = State.complete

  /// Takes the next byte; answers whether it is the CR behind the last extension.
  mutating func step(_ byte: UInt8) throws(ChunkedDecoder.Failure) -> Bool {
    switch state {
    case .complete: return try separate(byte)
    case .blank: if !byte.isBlank { try begin(byte) }
    case .nameStart: if !byte.isBlank { try take(byte, .name) }
    case .name:
      if !ByteClass.token.contains(byte) {
        state = byte == UInt8(ascii: "=") ? .valueStart : byte.isBlank ? .nameBlank : .complete
        if state == .complete { return try separate(byte) }
      }
    case .nameBlank:
      if byte == UInt8(ascii: "=") { state = .valueStart } else if !byte.isBlank { try begin(byte) }
    case .valueStart:
      if byte == UInt8(ascii: "\"") { state = .quoted } else if !byte.isBlank { try take(byte, .token) }
    case .token:
      if !ByteClass.token.contains(byte) {
        state = .complete
        return try separate(byte)
      }
    case .quoted:
      guard byte.isText else { throw .invalidExtension }
      if byte == UInt8(ascii: "\"") { state = .complete } else if byte == UInt8(ascii: "\\") { state = .quotedPair }
    case .quotedPair:
      guard byte.isText else { throw .invalidExtension }
      state = .quoted
    }
    return false
  }

  private mutating func separate(_ byte: UInt8) throws(ChunkedDecoder.Failure) -> Bool {
    if byte == .carriageReturn { return true }
    if byte.isBlank { state = .blank } else { try begin(byte) }
    return false
  }

  private mutating func begin(_ byte: UInt8) throws(ChunkedDecoder.Failure) {
    guard byte == UInt8(ascii: ";") else { throw .invalidExtension }
    state = .nameStart
  }

  private mutating func take(_ byte: UInt8, _ next: State) throws(ChunkedDecoder.Failure) {
    guard ByteClass.token.contains(byte) else { throw .invalidExtension }
    state = next
  }
}
