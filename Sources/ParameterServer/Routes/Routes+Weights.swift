import HTTPServer
import HTTPTypes
import ModelStore

/// Reading and removing weights and averages.
extension Routes {
  static func weights(_ call: Call) throws(Problem) -> any Exchange {
    let model = call.model
    let selection = try Selection(call.query)
    guard let trained = model.status.model else { throw .noModel(.notFound) }
    _ = try selection.choose(from: TensorList(layout: trained.layout, part: .variables))
    return reading(
      call, try TensorsRequest(call, selection, Conditions(call)), .variables,
      ifFree: { () throws(ModelError) in try model.weightsIfFree() }, waiting: { then in model.weights(then: then) })
  }

  static func averagedWeights(_ call: Call) throws(Problem) -> any Exchange {
    let model = call.model
    let selection = try Selection(call.query)
    guard let trained = model.status.model else { throw .noModel(.notFound) }
    let waits = call.field(.ifNoneMatch) != nil && Preferences(call).wait != nil
    guard trained.average != nil || waits else { throw .noAverage(.notFound) }
    _ = try selection.choose(from: TensorList(layout: trained.layout, part: .averages))
    return reading(
      call, try TensorsRequest(call, selection, Conditions(call)), .averages,
      ifFree: { () throws(ModelError) in try model.averagedWeightsIfFree() },
      waiting: { then in model.averagedWeights(then: then) })
  }

  /// Takes the version at once when the lane is free and the answer is cheap to make, else on a worker; the answer waits
  /// without a thread until the version is durable, and before that for a version that the client does not know, if it
  /// would wait.
  private static func reading(
    _ call: Call, _ request: TensorsRequest, _ part: TensorList.Part,
    ifFree: @escaping @Sendable () throws(ModelError) -> Pending<WeightsVersion>?,
    waiting: @escaping @Sendable (@escaping @Sendable (Result<WeightsVersion, ModelError>) -> Void) -> Void
  ) -> any Exchange {
    let application = call.application
    @Sendable func response(_ weights: Result<WeightsVersion, ModelError>) -> Response {
      Response(weights, missing: .notFound) { weights in request.rememberedResponse(of: weights, application) }
    }
    let poll = LongPoll(application: application, request: request, part: part) { responder in
      do throws(ModelError) {
        if responder.isOnLoop, request.isWhole, let weights = try ifFree() {
          if let weights = weights.value { return responder.respond(response(.success(weights))) }
          let parked = ParkedResponder(responder)
          return weights.then { weights in parked.respond(response(weights)) }
        }
      } catch {
        return responder.respond(Problem(error, missing: .notFound))
      }
      responder.onWorker { responder in
        let parked = ParkedResponder(responder)
        waiting { weights in
          if request.isWhole { return parked.respond(response(weights)) }
          parked.respond { responder in responder.respond(response(weights)) }
        }
      }
    }
    return AnswerExchange { responder in poll.respond(responder) }
  }

  static func dropModel(_ call: Call) throws(Problem) -> any Exchange {
    guard call.model.status.model != nil else { throw .noModel(.notFound) }
    let preconditions = try call.preconditions { $0.weightsTags }
    return changing(call, .drop, preconditions) { _ in Response(.noContent) }
  }

  static func dropAverage(_ call: Call) throws(Problem) -> any Exchange {
    guard let trained = call.model.status.model else { throw .noModel(.notFound) }
    guard trained.average != nil else { throw .noAverage(.notFound) }
    let preconditions = try call.preconditions { $0.averageTags }
    return changing(call, .dropAverage, preconditions) { _ in Response(.noContent) }
  }

  /// Applies a change that needs no content, on a worker.
  private static func changing(
    _ call: Call, _ change: Change, _ preconditions: Preconditions,
    _ answer: @escaping @Sendable (Outcome) -> Response
  ) -> any Exchange {
    let model = call.model
    return AnswerExchange { responder in
      responder.onWorker { responder in
        responder.respond(applying: change, to: model, onlyIf: preconditions.hold, missing: .notFound, answer)
      }
    }
  }
}
