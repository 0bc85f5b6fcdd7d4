import HTTPServer
import ModelStore
import Locks

/// A push as safetensors, received straight into the memory that the rule reads.
final class PushExchange: Exchange {
  private let gradientPush: GradientPush
  private let receiver: Lock<GradientReceiver>
  let contentLimit = Int.max

  init(_ gradientPush: GradientPush, request: Request) {
    self.gradientPush = gradientPush
    let application = gradientPush.application
    receiver = Lock(
      GradientReceiver(
        layout: gradientPush.layout, totalByteCount: request.contentLength,
        acceptsNonFinite: application.configuration.acceptsNonFinite, pool: application.model.pool))
  }

  func receive(_ fill: (inout MutableSpan<UInt8>) -> Int) throws(Problem) {
    do throws(BodyError) {
      try receiver.withLock { (receiver) throws(BodyError) in try receiver.receive(fill) }
    } catch {
      throw Problem(error)
    }
  }

  func respond(_ responder: consuming Responder) {
    let gradient: Gradient
    do throws(BodyError) {
      gradient = try receiver.withLock { (receiver) throws(BodyError) in try receiver.finish() }
    } catch {
      return responder.respond(Problem(error))
    }
    gradientPush.respond(to: gradient, responder)
  }
}
