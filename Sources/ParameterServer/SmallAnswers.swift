import HTTPServer
import HTTPTypes
import Locks
import ModelStore
import Tensors

/// Remembers the answer to a GET of all weights as they lie, and the one of all averages, of a small model: until the next
/// version every client is sent the same bytes, and making them costs several times what sending them does.
///
/// Cost: two answers of up to `Content.small` bytes.
final class SmallAnswers: Sendable {
  private struct Answer {
    let stamp: VersionStamp
    let mediaType: String
    let response: Response
  }

  private let weights = Lock<Answer?>(nil)
  private let averages = Lock<Answer?>(nil)

  /// The answer that was made before for the version, else what `make` gives.
  func response(of version: WeightsVersion, _ format: WeightsFormat, _ make: () -> Response) -> Response {
    switch version.kind {
    case .current: Self.response(of: version, format, in: weights, make)
    case .averaged: Self.response(of: version, format, in: averages, make)
    }
  }

  private static func response(
    of version: WeightsVersion, _ format: WeightsFormat, in last: borrowing Lock<Answer?>, _ make: () -> Response
  ) -> Response {
    guard version.values.byteCount <= Content.small else { return make() }
    let known = last.withLock { $0 }
    if let known, known.stamp == version.stamp, known.mediaType == format.mediaType { return known.response }
    let made = make()
    // A copy: what is remembered must not hold the version.
    guard made.status == .ok, made.content.byteCount <= Content.small, let content = made.content.copied() else {
      return made
    }
    let response = Response(made.status, fields: made.fields, content: content)
    last.withLock { $0 = Answer(stamp: version.stamp, mediaType: format.mediaType, response: response) }
    return response
  }
}
