/// Reads the trailer section of a chunked body (RFC 9112, section 7.1.2), which is ignored but must be sound.
struct TrailerReader: Sendable, Equatable {
  private enum State: Equatable {
    case lineStart, name, value, lineFeed, lastLineFeed
  }

  private static let maximumBytes = 8192

  private var state = State.lineStart
  private var byteCount = 0

  /// Takes the next byte; answers whether it is the last one of the body.
  mutating func step(_ byte: UInt8) throws(ChunkedDecoder.Failure) -> Bool {
    byteCount += 1
    guard byteCount <= Self.maximumBytes else { throw .trailersTooLong }
    switch state {
    case .lineStart where byte == .carriageReturn: state = .lastLineFeed
    case .name where byte == UInt8(ascii: ":"): state = .value
    case .lineStart, .name:
      guard ByteClass.token.contains(byte) else { throw .invalidTrailer }
      state = .name
    case .value:
      guard byte != .carriageReturn else {
        state = .lineFeed
        break
      }
      guard byte.isText else { throw .invalidTrailer }
    case .lineFeed, .lastLineFeed:
      guard byte == .lineFeed else { throw .invalidTrailer }
      guard state == .lineFeed else { return true }
      state = .lineStart
    }
    return false
  }
}
