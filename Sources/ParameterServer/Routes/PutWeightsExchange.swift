import HTTPServer
import ModelStore
import Locks
import Tensors

/// A PUT of values as safetensors, received straight into the memory of the model that it makes.
final class PutWeightsExchange: Exchange {
  private let put: WeightsPut
  private let receiver: Lock<ModelReceiver>
  let contentLimit = Int.max

  init(_ put: WeightsPut, request: Request) {
    self.put = put
    receiver = Lock(
      ModelReceiver(
        existing: put.existing, nonTrainable: put.nonTrainable, totalByteCount: request.contentLength,
        pool: put.model.pool))
  }

  func receive(_ fill: (inout MutableSpan<UInt8>) -> Int) throws(Problem) {
    do throws(BodyError) {
      try receiver.withLock { (receiver) throws(BodyError) in try receiver.receive(fill) }
    } catch {
      throw Problem(error)
    }
  }

  func respond(_ responder: consuming Responder) {
    let received: (layout: Layout, values: Region)
    do throws(BodyError) {
      received = try receiver.withLock { (receiver) throws(BodyError) in try receiver.finish() }
    } catch {
      return responder.respond(Problem(error))
    }
    responder.onWorker { [put] responder in
      put.respond(to: received.layout, received.values, responder)
    }
  }
}

extension Request {
  /// The declared length of the content; nil when it is chunked.
  var contentLength: Int? {
    switch framing {
    case .none: 0
    case .length(let count): count
    case .chunked: nil
    }
  }
}
