import HTTPServer
import Locks

/// A request whose answer was known from its head.
final class BareExchange: Exchange {
  private let response: Response
  let contentLimit = ContentSink.limit

  init(_ response: Response) {
    self.response = response
  }

  func receive(_ fill: (inout MutableSpan<UInt8>) -> Int) {
    ContentSink.discard(fill)
  }

  func respond(_ responder: consuming Responder) {
    responder.respond(response)
  }
}

/// A request without content that matters, answered when it is complete.
final class AnswerExchange: Exchange {
  private let answer: @Sendable (consuming Responder) -> Void
  let contentLimit = ContentSink.limit

  /// `answer` runs on the event loop and must not wait there.
  init(_ answer: @escaping @Sendable (consuming Responder) -> Void) {
    self.answer = answer
  }

  func receive(_ fill: (inout MutableSpan<UInt8>) -> Int) {
    ContentSink.discard(fill)
  }

  func respond(_ responder: consuming Responder) {
    answer(responder)
  }
}

/// A request with a small body that is read as a whole.
final class BufferedExchange: Exchange {
  private let content = Lock<[UInt8]>([])
  private let answer: @Sendable ([UInt8], consuming Responder) -> Void
  let contentLimit: Int
  let contentLimitReason: String?

  /// Takes up to `limit` bytes; `answer` runs on the event loop and must not wait there.
  init(
    limit: Int, reason: String? = nil, _ answer: @escaping @Sendable ([UInt8], consuming Responder) -> Void
  ) {
    contentLimit = limit
    contentLimitReason = reason
    self.answer = answer
  }

  func receive(_ fill: (inout MutableSpan<UInt8>) -> Int) {
    var piece = [UInt8](repeating: 0, count: 16 << 10)
    var span = piece.mutableSpan
    let count = fill(&span)
    content.withLock { $0.append(contentsOf: piece.prefix(count)) }
  }

  func respond(_ responder: consuming Responder) {
    answer(content.withLock { $0 }, responder)
  }
}

/// Where content goes that means nothing.
enum ContentSink {
  /// The most that is read of it.
  static let limit = 64 << 10

  static func discard(_ fill: (inout MutableSpan<UInt8>) -> Int) {
    var scratch = [UInt8](repeating: 0, count: 4096)
    var span = scratch.mutableSpan
    _ = fill(&span)
  }
}
