import HTTPServer
import ModelStore
import Locks

/// A PUT of optimizer state, received straight into the memory that it is used from.
final class PutStateExchange: Exchange {
  private let model: Model
  private let receiver: Lock<OptimizerStateReceiver>
  let contentLimit = Int.max

  init(_ listing: OptimizerListing, model: Model, request: Request) {
    self.model = model
    receiver = Lock(OptimizerStateReceiver(of: listing, totalByteCount: request.contentLength, pool: model.pool))
  }

  func receive(_ fill: (inout MutableSpan<UInt8>) -> Int) throws(Problem) {
    do throws(BodyError) {
      try receiver.withLock { (receiver) throws(BodyError) in try receiver.receive(fill) }
    } catch {
      throw Problem(error)
    }
  }

  func respond(_ responder: consuming Responder) {
    let state: SavedOptimizerState
    do throws(BodyError) {
      state = try receiver.withLock { (receiver) throws(BodyError) in try receiver.finish() }
    } catch {
      return responder.respond(Problem(error))
    }
    responder.onWorker { [model] responder in
      responder.respond(applying: .setOptimizerState(state, epoch: .random()), to: model) { (outcome) throws(Problem) in
        guard case .stateSet(let stamp) = outcome else { throw .mismatched(outcome) }
        return .json(encoding: ["iterations": stamp.iterations], fields: .version(stamp))
      }
    }
  }
}
