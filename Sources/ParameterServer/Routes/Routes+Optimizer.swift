import HTTPServer
import HTTPTypes
import ModelStore
import Optimizers

/// The optimizer's configuration: read, replaced with fresh state, changed in flight.
extension Routes {
  private static let mergePatch = "application/merge-patch+json"
  private static let acceptPatch = "application/json, \(mergePatch)"

  static func optimizer(_ call: Call) throws(Problem) -> any Exchange {
    let model = call.model
    return AnswerExchange { responder in responder.respond(configuration(of: model, warnings: [])) }
  }

  static func putOptimizer(_ call: Call) throws(Problem) -> any Exchange {
    try BodyFormat.requireJSON(call)
    try call.refusePartialPut()
    let model = call.model
    return try configuring(call) { (value) throws(Problem) in
      do throws(ConfigurationError) {
        let (optimizer, warnings) = try model.registry.optimizer(from: value)
        return (.setOptimizer(optimizer, epoch: .random()), warnings)
      } catch {
        throw Problem(error)
      }
    }
  }

  static func patchOptimizer(_ call: Call) throws(Problem) -> any Exchange {
    do throws(Problem) {
      try BodyFormat.requireJSON(call, alternatives: [mergePatch])
    } catch {
      // RFC 5789, section 2.2.
      var problem = error
      problem.fields[.acceptPatch] = acceptPatch
      throw problem
    }
    return try configuring(call) { (value) throws(Problem) in (.patchOptimizer(value), []) }
  }

  private static func configuring(
    _ call: Call, _ change: @escaping @Sendable (ConfigValue) throws(Problem) -> (Change, [String])
  ) throws(Problem) -> any Exchange {
    // There always is a configuration, and it has no tag.
    let preconditions = try call.preconditions { _ in [] }
    let model = call.model
    return BufferedExchange(limit: JSONConfiguration.limit) { body, responder in
      responder.onWorker { responder in
        do throws(Problem) {
          let (change, warnings) = try change(try body.configuration())
          responder.respond(applying: change, to: model, onlyIf: preconditions.hold) { (outcome) throws(Problem) in
            guard case .configured(let more) = outcome else { throw .mismatched(outcome) }
            return configuration(of: model, warnings: warnings + more)
          }
        } catch {
          responder.respond(error)
        }
      }
    }
  }

  private static func configuration(of model: Model, warnings: [String]) -> Response {
    var value = model.registry.print(model.status.optimizer)
    if !warnings.isEmpty, case .object(let members) = value {
      value = .object(members + [.init("warnings", .list(warnings.map { .string($0) }))])
    }
    let fields: FieldLines = [.acceptPatch: acceptPatch, .cacheControl: "no-cache"]
    return .json(JSONConfiguration.text(of: value), fields: fields)
  }
}
