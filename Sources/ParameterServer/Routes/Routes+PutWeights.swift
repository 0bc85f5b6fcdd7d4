import HTTPServer
import HTTPTypes
import ModelStore
import Tensors

/// Creating a model, replacing its values, and setting variables to their averages.
extension Routes {
  static func putWeights(_ call: Call) throws(Problem) -> any Exchange {
    let nonTrainable = try call.query.list("non_trainable") ?? []
    let format = try BodyFormat(call)
    try call.refusePartialPut()
    let present = call.model.status.model
    let preconditions = try call.preconditions { $0.weightsTags }
    let put = WeightsPut(
      model: call.model, rounds: call.application.rounds, existing: present?.layout, nonTrainable: nonTrainable,
      preconditions: preconditions)
    switch format {
    case .file(let format):
      let receiver = ModelReceiver(
        existing: put.existing, nonTrainable: nonTrainable, format: format,
        totalByteCount: call.request.contentLength, pool: call.model.pool)
      return ReceivingExchange(receiver) { received, responder in
        put.respond(to: received.layout, received.values, responder)
      }
    case .json:
      return BufferedExchange(limit: BodyFormat.jsonLimit, reason: BodyFormat.jsonLimitReason) { body, responder in
        responder.onWorker { responder in put.respond(json: body, responder) }
      }
    }
  }

  static func assignAverage(_ call: Call) throws(Problem) -> any Exchange {
    guard let trained = call.model.status.model else { throw .noModel(.conflict) }
    guard trained.average != nil else { throw .noAverage(.conflict) }
    try BodyFormat.requireJSON(call, mayBeEmpty: true)
    // Weights are changed and averages are what they become: who knows either may name it.
    let preconditions = try call.preconditions { status in status.weightsTags.map { $0 + (status.averageTags ?? []) } }
    let model = call.model
    return BufferedExchange(limit: BodyFormat.jsonLimit) { body, responder in
      responder.onWorker { responder in
        do throws(Problem) {
          let change = Change.assignAverage(variables: try AssignRequest.names(in: body))
          responder.respond(applying: change, to: model, onlyIf: preconditions.hold) { (outcome) throws(Problem) in
            guard case .assigned(let assigned, let stamp) = outcome else { throw .mismatched(outcome) }
            return .json(encoding: ["assigned": assigned], fields: .version(stamp))
          }
        } catch {
          responder.respond(error)
        }
      }
    }
  }
}

/// A PUT of values, judged by its head.
struct WeightsPut: Sendable {
  let model: Model
  let rounds: Rounds?
  let existing: Layout?
  let nonTrainable: [String]
  let preconditions: Preconditions

  func respond(json body: [UInt8], _ responder: consuming Responder) {
    do throws(BodyError) {
      let (layout, values) = try modelValues(
        json: body.span, existing: existing, nonTrainable: nonTrainable, pool: model.pool)
      respond(to: layout, values, responder)
    } catch {
      responder.respond(Problem(error))
    }
  }

  /// Applies the change that the head asked for; when another was faster, what it asks for now.
  func respond(to layout: Layout, _ values: Region, _ responder: consuming Responder) {
    do throws(ModelError) {
      try rounds?.settings.check(layout)
    } catch {
      return responder.respond(Problem(error))
    }
    let parked = ParkedResponder(responder)
    let change = existing == nil ? creation(layout, values) : .replace(layout: layout, values: values)
    model.apply(change, onlyIf: preconditions.hold) { outcome in
      switch outcome {
      case .failure(.modelExists), .failure(.epochMismatch), .failure(.noModel):
        applyAnew(layout, values, parked)
      default: parked.respond(Self.response(outcome, layout))
      }
    }
  }

  /// The change for the model that there is by now.
  private func applyAnew(_ layout: Layout, _ values: Region, _ parked: ParkedResponder) {
    model.weights { current in
      let change: Change
      switch current {
      case .failure(.noModel): change = creation(layout, values)
      case .failure(let error): return parked.respond(Problem(error).response)
      case .success(let current) where current.layout.variables == layout.variables:
        change = .replace(layout: current.layout, values: values)
      case .success:
        let error = ModelError.modelMismatch(variable: "", expected: "other variables by now", came: "these")
        return parked.respond(Problem(error).response)
      }
      model.apply(change, onlyIf: preconditions.hold) { outcome in parked.respond(Self.response(outcome, layout)) }
    }
  }

  private func creation(_ layout: Layout, _ values: Region) -> Change {
    .create(layout: layout, values: values, epoch: .random())
  }

  private static func response(_ outcome: Result<Outcome, ModelError>, _ layout: Layout) -> Response {
    Response(outcome) { (outcome) throws(Problem) in
      switch outcome {
      case .created(let stamp): response(stamp, layout, .created)
      case .replaced(let stamp): response(stamp, layout, .ok)
      default: throw .mismatched(outcome)
      }
    }
  }

  private static func response(
    _ stamp: VersionStamp, _ layout: Layout, _ status: HTTPResponse.Status
  ) -> Response {
    var response = Response.json(
      encoding: Created(variables: layout.entries.count, bytes: layout.byteCount, iterations: stamp.iterations),
      fields: .version(stamp))
    response.status = status
    if status == .created { response.fields.append(.location, "/v1/weights") }
    return response
  }

  private struct Created: Encodable {
    let variables: Int
    let bytes: Int
    let iterations: Int
  }
}
