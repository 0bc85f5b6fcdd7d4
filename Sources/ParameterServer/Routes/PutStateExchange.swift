import HTTPServer
import ModelStore
import Locks

/// A PUT of optimizer state, received straight into the memory that it is used from.
final class PutStateExchange: Exchange {
  private let model: Model
  private let receiver: Lock<OptimizerStateReceiver>
  let contentLimit = Int.max

  init(like state: OptimizerState, model: Model, request: Request) {
    self.model = model
    receiver = Lock(OptimizerStateReceiver(like: state, totalByteCount: request.contentLength, pool: model.pool))
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
      let response = Response { () throws(Problem) in try Self.set(state, in: model) }
      responder.respond(response)
    }
  }

  private static func set(_ state: SavedOptimizerState, in model: Model) throws(Problem) -> Response {
    do throws(ModelError) {
      guard case .stateSet(let stamp) = try model.apply(.setOptimizerState(state, epoch: .random())) else {
        throw .noModel
      }
      return .json(encoding: ["iterations": stamp.iterations], fields: .version(stamp))
    } catch {
      throw Problem(error)
    }
  }
}
