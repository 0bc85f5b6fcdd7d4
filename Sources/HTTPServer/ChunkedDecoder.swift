/// Takes the framing of a chunked body apart (RFC 9112, section 7.1) and leaves the data where it is.
struct ChunkedDecoder: Sendable, Equatable {
  enum Failure: Error, Sendable, Equatable {
    case invalidSize
    case sizeTooLarge
    case invalidExtension
    case lineTooLong
    case tooMuchFraming
    case missingLineEnd
    case trailersTooLong
    case invalidTrailer
  }

  private enum State: Equatable {
    case sizeStart, size, `extension`, sizeLineFeed
    case data
    case dataCarriageReturn, dataLineFeed
    case trailers
    case end
  }

  private static let maximumLine = 1024
  /// What a line may have for nothing, and all lines beyond that, next to as many bytes as there were data.
  private static let freeLine = 16
  private static let freeFraming = 64 << 10

  private var state = State.sizeStart
  private var size = 0
  private var lineLength = 0
  private var framingLeft = Self.freeFraming
  private var extensions = ChunkExtensionReader()
  private var trailers = TrailerReader()

  /// How many bytes of data come next; 0 while framing comes next.
  var dataLeft: Int { state == .data ? size : 0 }

  /// Whether the body is complete.
  var isAtEnd: Bool { state == .end }

  /// Notes that `count` bytes of data, at most `dataLeft`, were taken.
  mutating func take(_ count: Int) {
    size -= count
    framingLeft = min(framingLeft + count, Self.freeFraming)
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
        // A size ends in CR, or in what begins an extension.
        guard byte == .carriageReturn || byte.isBlank || byte == UInt8(ascii: ";") else { throw .invalidSize }
        extensions = ChunkExtensionReader()
        try readExtension(byte)
      }
    case .extension: try readExtension(byte)
    case .sizeLineFeed:
      guard byte == .lineFeed else { throw .missingLineEnd }
      state = size == 0 ? .trailers : .data
    case .dataCarriageReturn:
      guard byte == .carriageReturn else { throw .missingLineEnd }
      state = .dataLineFeed
    case .dataLineFeed:
      guard byte == .lineFeed else { throw .missingLineEnd }
      state = .sizeStart
    case .trailers: if try trailers.step(byte) { state = .end }
    case .data, .end: break
    }
  }

  private mutating func readExtension(_ byte: UInt8) throws(Failure) {
    state = try extensions.step(byte) ? .sizeLineFeed : .extension
    try grow()
  }

  /// Bounds a line, and all of them together: a body must not be mostly extensions (RFC 9112, section 7.1.1).
  private mutating func grow() throws(Failure) {
    lineLength += 1
    guard lineLength <= Self.maximumLine else { throw .lineTooLong }
    guard lineLength > Self.freeLine else { return }
    framingLeft -= 1
    guard framingLeft >= 0 else { throw .tooMuchFraming }
  }
}
