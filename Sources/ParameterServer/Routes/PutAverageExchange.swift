import HTTPServer
import Locks
import ModelStore

/// A PUT of non-trainable values of the averages as safetensors.
final class PutAverageExchange: Exchange {
  private let put: AveragePut
  private let receiver: Lock<BufferReceiver>
  let contentLimit = Int.max

  init(_ put: AveragePut, request: Request) {
    self.put = put
    receiver = Lock(
      BufferReceiver(layout: put.layout, totalByteCount: request.contentLength, pool: put.model.pool))
  }

  func receive(_ fill: (inout MutableSpan<UInt8>) -> Int) throws(Problem) {
    do throws(BodyError) {
      try receiver.withLock { (receiver) throws(BodyError) in try receiver.receive(fill) }
    } catch {
      throw Problem(error)
    }
  }

  func respond(_ responder: consuming Responder) {
    let values: BufferValues
    do throws(BodyError) {
      values = try receiver.withLock { [put] (receiver) throws(BodyError) in try receiver.finish(for: put.average) }
    } catch {
      return responder.respond(Problem(error))
    }
    responder.onWorker { [put] responder in put.respond(to: values, responder) }
  }
}
