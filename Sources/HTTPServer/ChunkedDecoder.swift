/// Takes the framing of a chunked body apart (RFC 9112, section 7.1) and leaves the data where it is.
struct ChunkedDecoder: Sendable, Equatable {
  enum Failure: Error, Sendable, Equatable {
    case invalidSize
    case sizeTooLarge
    case invalidExtension
    case lineTooLong
    case missingLineEnd
    case trailersTooLong
    case invalidTrailer
  }

  private enum State: Equatable {
    case sizeStart, size, sizeBlank, `extension`, sizeLineFeed
    case data
    case dataCarriageReturn, dataLineFeed
    case trailerStart, trailer, trailerLineFeed, endLineFeed
    case end
  }

  private static let maximumLine = 1024
  private static let maximumTrailers = 8192

  private var state = State.sizeStart
  private var size = 0
  private var lineLength = 0
  private var trailerLength = 0

  /// How many bytes of data come next; 0 while framing comes next.
  var dataLeft: Int { state == .data ? size : 0 }

  /// Whether the body is complete.
  var isAtEnd: Bool { state == .end }

  /// Notes that `count` bytes of data, at most `dataLeft`, were taken.
  mutating func take(_ count: Int) {
    size -= count
    if size == 0 { state = .dataCarriageReturn }
  }

  /// Reads framing at the front of `bytes`, up to data, the end of the body or the end of `bytes`; answers how many
  /// bytes that was.
  mutating func readFraming(_ bytes: Span<UInt8>) throws(Failure) -> Int {
    var index = 0
    while index < bytes.count, state != .data, state != .end {
      try step(bytes[index])
      index += 1
    }
    return index
  }

  private mutating func step(_ byte: UInt8) throws(Failure) {
    switch state {
    case .sizeStart:
      guard let digit = byte.hexadecimalValue else { throw .invalidSize }
      size = Int(digit)
      lineLength = 1
      state = .size
    case .size:
      if let digit = byte.hexadecimalValue {
        guard size < Int.max >> 8 else { throw .sizeTooLarge }
        size = size << 4 | Int(digit)
        try grow()
      } else {
        try endSize(byte)
      }
    case .sizeBlank:
      try grow()
      if byte == UInt8(ascii: ";") { state = .extension } else if !byte.isBlank { throw .invalidSize }
    case .extension:
      guard byte == .tab || byte >= .space && byte != 127 || byte == .carriageReturn else { throw .invalidExtension }
      if byte == .carriageReturn { state = .sizeLineFeed } else { try grow() }
    case .sizeLineFeed:
      guard byte == .lineFeed else { throw .missingLineEnd }
      state = size == 0 ? .trailerStart : .data
    case .dataCarriageReturn:
      guard byte == .carriageReturn else { throw .missingLineEnd }
      state = .dataLineFeed
    case .dataLineFeed:
      guard byte == .lineFeed else { throw .missingLineEnd }
      state = .sizeStart
    case .trailerStart, .trailer: try readTrailer(byte)
    case .trailerLineFeed:
      guard byte == .lineFeed else { throw .invalidTrailer }
      state = .trailerStart
    case .endLineFeed:
      guard byte == .lineFeed else { throw .invalidTrailer }
      state = .end
    case .data, .end: break
    }
  }

  private mutating func grow() throws(Failure) {
    lineLength += 1
    guard lineLength <= Self.maximumLine else { throw .lineTooLong }
  }

  private mutating func endSize(_ byte: UInt8) throws(Failure) {
    switch byte {
    case .carriageReturn: state = .sizeLineFeed
    case UInt8(ascii: ";"): state = .extension
    // BWS may come before the semicolon (RFC 9112, section 7.1.1), and nowhere else.
    case .space, .tab: state = .sizeBlank
    default: throw .invalidSize
    }
  }

  private mutating func readTrailer(_ byte: UInt8) throws(Failure) {
    trailerLength += 1
    guard trailerLength <= Self.maximumTrailers else { throw .trailersTooLong }
    if byte == .carriageReturn {
      state = state == .trailerStart ? .endLineFeed : .trailerLineFeed
    } else {
      guard byte == .tab || byte >= .space && byte != 127 else { throw .invalidTrailer }
      state = .trailer
    }
  }
}
