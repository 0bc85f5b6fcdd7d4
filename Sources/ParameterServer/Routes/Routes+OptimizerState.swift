import HTTPServer
import HTTPTypes
import ModelStore
import Optimizers
import Tensors

/// What the optimizer remembers: listed as get_weights does, set again, and slot by slot.
extension Routes {
  static func optimizerWeights(_ call: Call) throws(Problem) -> any Exchange {
    let encodings: [WeightsFormat.Encoding] = [.safetensors, .npz]
    let named = try WeightsFormat(call.query, of: encodings)
    guard call.model.status.model != nil else { throw .noModel(.notFound) }
    let format = if let named { named } else { try WeightsFormat(accepting: call, of: encodings) }
    let conditions = Conditions(call)
    return reading(call.application) { (state) in state.list(format).response(to: conditions) }
  }

  static func putOptimizerWeights(_ call: Call) throws(Problem) -> any Exchange {
    let status = call.model.status
    guard let trained = status.model else { throw .noModel(.conflict) }
    let format = try BodyFormat.file(call)
    try call.refusePartialPut()
    let preconditions = try call.preconditions { $0.optimizerTags }
    let listing = OptimizerListing(layout: trained.layout, rule: status.optimizer.inner)
    let model = call.model
    let receiver = OptimizerStateReceiver(
      of: listing, format: format, totalByteCount: call.request.contentLength, pool: model.pool)
    return ReceivingExchange(receiver) { state, responder in
      responder.respond(
        applying: .setOptimizerState(state, epoch: .random()), to: model, onlyIf: preconditions.hold
      ) { (outcome) throws(Problem) in
        guard case .stateSet(let stamp) = outcome else { throw .mismatched(outcome) }
        return .json(encoding: ["iterations": stamp.iterations], fields: .version(stamp))
      }
    }
  }

  static func slotNames(_ call: Call) throws(Problem) -> any Exchange {
    let optimizer = call.model.status.optimizer
    return BareExchange(.json(encoding: ["average"] + optimizer.inner.slotNames))
  }

  static func slot(_ call: Call) throws(Problem) -> any Exchange {
    let status = call.model.status
    let selection = try Selection(call.query)
    guard let trained = status.model else { throw .noModel(.notFound) }
    let name = call.captures["slot"] ?? ""
    let slots = ["average"] + status.optimizer.inner.slotNames
    guard slots.contains(name) else { throw Problem(.noSlot(name: name, slots: slots)) }
    if name == "average", trained.average == nil { throw .noAverage(.notFound) }
    _ = try selection.choose(from: TensorList(layout: trained.layout, part: .slot))
    let request = try TensorsRequest(call, selection, Conditions(call))
    return reading(call.application) { (state) throws(Problem) in
      try state.slot(name, request.selection, request.format).representation.response(to: request.conditions)
    }
  }

  /// Answers on a worker from the state as it is then.
  private static func reading(
    _ application: Application, _ answer: @escaping @Sendable (StateRepresentation) throws(Problem) -> Response
  ) -> any Exchange {
    AnswerExchange { responder in
      responder.onWorker { responder in
        let parked = ParkedResponder(responder)
        application.model.optimizerState { state in
          parked.respond { responder in
            let response = Response(state, missing: .notFound) { (state) throws(Problem) in
              try answer(StateRepresentation(state: state, application: application))
            }
            responder.respond(response)
          }
        }
      }
    }
  }
}
