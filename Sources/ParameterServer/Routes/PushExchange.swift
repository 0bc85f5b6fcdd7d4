import HTTPServer
import ModelStore
import Locks
import Tensors

/// A push as a file, received straight into the memory that the rule reads.
final class PushExchange: Exchange {
  private let gradientPush: GradientPush
  private struct Received {
    var gradient: GradientReceiver
    var body = BodyDigest()
  }
  private let received: Lock<Received>
  let contentLimit = Int.max

  init(_ gradientPush: GradientPush, _ format: TensorFileFormat?, request: Request) {
    self.gradientPush = gradientPush
    let application = gradientPush.application
    received = Lock(
      Received(
        gradient: GradientReceiver(
          layout: gradientPush.layout, format: format, totalByteCount: request.contentLength,
          acceptsNonFinite: application.configuration.acceptsNonFinite, headers: application.model.headers,
          pool: application.model.pool)))
  }

  func receive(_ fill: (inout MutableSpan<UInt8>) -> Int) throws(Problem) {
    do throws(BodyError) {
      try received.withLock { (received) throws(BodyError) in
        guard let turn = gradientPush.turn else { return try received.gradient.receive(fill) }
        turn.giveWay()
        var body = received.body
        defer { received.body = body }
        try received.gradient.receive { span in
          let count = fill(&span)
          // While the bytes are in cache.
          body.update(span.span.extracting(0..<count))
          return count
        }
      }
    } catch {
      throw Problem(error)
    }
  }

  func respond(_ responder: consuming Responder) {
    let gradient: Gradient
    let body: BodyDigest
    do throws(BodyError) {
      (gradient, body) = try received.withLock { (received) throws(BodyError) in
        (try received.gradient.finish(), received.body)
      }
    } catch {
      return responder.respond(Problem(error))
    }
    gradientPush.respond(to: gradient, from: body, responder)
  }
}
