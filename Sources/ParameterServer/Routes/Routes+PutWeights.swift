import HTTPServer
import HTTPTypes
import ModelStore
import Tensors

/// Creating a model, replacing its values, and setting variables to their averages.
extension Routes {
  static func putWeights(_ call: Call) throws(Problem) -> any Exchange {
    let format = try BodyFormat(call)
    let nonTrainable = try call.query.list("non_trainable") ?? []
    let existing = call.model.status.model?.layout
    let isCreateOnly = try isCreateOnly(call)
    if isCreateOnly, existing != nil { throw .preconditionFailed("there is a model already") }
    let put = WeightsPut(
      model: call.model, existing: existing, nonTrainable: nonTrainable, isCreateOnly: isCreateOnly)
    switch format {
    case .safetensors: return PutWeightsExchange(put, request: call.request)
    case .json:
      return BufferedExchange(limit: BodyFormat.jsonLimit) { body, responder in
        responder.onWorker { responder in responder.respond(put.answer(json: body)) }
      }
    }
  }

  private static func isCreateOnly(_ call: Call) throws(Problem) -> Bool {
    guard let value = call.fields[.ifNoneMatch] else { return false }
    guard EntityTags(value).isAny else {
      throw .invalidHeader(.ifNoneMatch, expected: "* (create only, never replace)", came: value)
    }
    return true
  }

  static func assignAverage(_ call: Call) throws(Problem) -> any Exchange {
    guard let trained = call.model.status.model else { throw .noModel(.conflict) }
    guard trained.average != nil else { throw .noAverage(.conflict) }
    try BodyFormat.requireJSON(call, mayBeEmpty: true)
    let model = call.model
    return BufferedExchange(limit: BodyFormat.jsonLimit) { body, responder in
      responder.onWorker { responder in
        let response = Response { () throws(Problem) in try assign(AssignRequest.names(in: body), in: model) }
        responder.respond(response)
      }
    }
  }

  private static func assign(_ names: [String]?, in model: Model) throws(Problem) -> Response {
    do throws(ModelError) {
      guard case .assigned(let assigned, let stamp) = try model.apply(.assignAverage(variables: names)) else {
        throw .noModel
      }
      return .json(encoding: ["assigned": assigned], fields: .version(stamp))
    } catch {
      throw Problem(error)
    }
  }
}

/// A PUT of values, judged by its head.
struct WeightsPut: Sendable {
  let model: Model
  let existing: Layout?
  let nonTrainable: [String]
  let isCreateOnly: Bool

  func answer(json body: [UInt8]) -> Response {
    do throws(BodyError) {
      let (layout, values) = try modelValues(
        json: body.span, existing: existing, nonTrainable: nonTrainable, pool: model.pool)
      return answer(layout, values)
    } catch {
      return Problem(error).response
    }
  }

  func answer(_ layout: Layout, _ values: Region) -> Response {
    do throws(ModelError) {
      let outcome = try commit(layout, values)
      switch outcome {
      case .created(let stamp): return Self.response(stamp, layout, .created)
      default: return Self.response(model.status.model?.stamp, layout, .ok)
      }
    } catch {
      return Problem(error).response
    }
  }

  /// Applies the change that the head asked for; when another was faster, what it asks for now.
  private func commit(_ layout: Layout, _ values: Region) throws(ModelError) -> Outcome {
    let create = Change.create(layout: layout, values: values, epoch: .random())
    do throws(ModelError) {
      return try model.apply(existing == nil ? create : .replace(layout: layout, values: values))
    } catch {
      guard !isCreateOnly, let current = model.status.model?.layout, current !== layout else {
        if existing != nil, model.status.model == nil { return try model.apply(create) }
        throw error
      }
      guard current.variables == layout.variables else {
        throw .modelMismatch(variable: "", expected: "other variables by now", came: "these")
      }
      return try model.apply(.replace(layout: current, values: values))
    }
  }

  private static func response(
    _ stamp: VersionStamp?, _ layout: Layout, _ status: HTTPResponse.Status
  ) -> Response {
    var response = Response.json(
      encoding: Created(variables: layout.entries.count, bytes: layout.byteCount, iterations: stamp?.iterations ?? 0))
    response.status = status
    if let stamp { response.fields.append(contentsOf: HTTPFields.version(stamp)) }
    if status == .created { response.fields[.location] = "/v1/weights" }
    return response
  }

  private struct Created: Encodable {
    let variables: Int
    let bytes: Int
    let iterations: Int
  }
}
