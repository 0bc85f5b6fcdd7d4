import HTTPServer
import HTTPTypes
import ModelStore

/// What a GET of tensors asks for, as its head says.
///
/// An object, because several closures hold it, and a copy of all this would count nine references.
final class TensorsRequest: Sendable {
  let selection: Selection
  let format: WeightsFormat
  let conditions: Conditions
  /// The seconds that the client would wait for what it does not know; nil without a wait.
  let wait: Int?

  /// Reads the fields; the selection comes from the query, which is judged before.
  init(_ call: Call, _ selection: Selection, _ conditions: Conditions) throws(Problem) {
    self.selection = selection
    self.conditions = conditions
    wait = conditions.ifNoneMatch == nil ? nil : Preferences(call).wait
    format = if let format = selection.format { format } else { try WeightsFormat(accepting: call) }
  }

  /// Whether it is for all as it lies, so that an answer costs nothing to make.
  var isWhole: Bool { format.encoding == .safetensors && selection.isWhole }

  /// The answer that these weights are, remembered for the next one who asks for them.
  func rememberedResponse(of weights: WeightsVersion, _ application: Application) -> Response {
    guard isWhole, wait == nil, conditions.isEmpty else { return response(of: weights, application) }
    return application.smallAnswers.response(of: weights, format) { response(of: weights, application) }
  }

  /// The answer that these weights are.
  func response(of weights: WeightsVersion, _ application: Application) -> Response {
    var response = Response { () throws(Problem) in
      try TensorsRepresentation(weights, selection, format, application).representation.response(to: conditions)
    }
    if let wait { response.fields.append(.preferenceApplied, "wait=\(wait)") }
    return response
  }
}
