/// How far a request's content has come.
struct IncomingContent: Sendable {
  private var decoder: ChunkedDecoder?
  private var lengthLeft = 0
  private let limit: Int
  /// Bytes of content received so far.
  private(set) var received = 0

  init() {
    limit = 0
  }

  init(_ framing: Request.Framing, limit: Int) {
    self.limit = limit
    switch framing {
    case .none: break
    case .length(let count): lengthLeft = count
    case .chunked: decoder = ChunkedDecoder()
    }
  }

  /// How many bytes of content come next; 0 when framing or nothing comes.
  var next: Int { decoder?.dataLeft ?? lengthLeft }

  var isComplete: Bool { decoder?.isAtEnd ?? (lengthLeft == 0) }

  /// Whether what comes next lies between framing, so that reading ahead saves calls.
  var isChunked: Bool { decoder != nil }

  /// The content's size as far as it is known.
  var knownSize: Int { received + next }

  /// Throws 413 when the content is known to be larger than the server or the exchange allows.
  func checkLength(for exchange: (any Exchange)?) throws(Problem) {
    guard knownSize > limit else { return }
    let reason = exchange.flatMap { $0.contentLimit == limit ? $0.contentLimitReason : nil }
    throw .tooLarge("the content is larger than \(limit) bytes" + (reason.map { ", \($0)" } ?? ""))
  }

  mutating func take(_ count: Int) {
    received += count
    if decoder != nil { decoder?.take(count) } else { lengthLeft -= count }
  }

  /// Reads chunk framing at the front of `input`; answers how many bytes it was.
  mutating func readFraming(_ input: InputBuffer) throws(Problem) -> Int {
    guard decoder != nil, next == 0, !input.isEmpty else { return 0 }
    do throws(ChunkedDecoder.Failure) {
      return try decoder?.readFraming(input.storage.span.extracting(input.start..<input.end)) ?? 0
    } catch {
      throw error.problem
    }
  }
}
