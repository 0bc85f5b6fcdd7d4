import HTTPServer
import HTTPTypes
import ModelStore

/// Answers that wait for the model.
extension Responder {
  /// Applies a change, which may wait for the lane, if `condition` holds then, and answers when it is durable.
  consuming func respond(
    applying change: Change, to model: Model, onlyIf condition: (@Sendable (ModelStatus) -> Bool)? = nil,
    missing: HTTPResponse.Status = .conflict,
    _ answer: @escaping @Sendable (Outcome) throws(Problem) -> Response
  ) {
    let parked = ParkedResponder(self)
    model.apply(change, onlyIf: condition) { outcome in parked.respond(Response(outcome, missing: missing, answer)) }
  }
}

extension Response {
  /// The answer that `answer` makes of a result, or the problem; `missing` is the status where there is no model or no
  /// average.
  init<Value>(
    _ result: Result<Value, ModelError>, missing: HTTPResponse.Status = .conflict,
    _ answer: (Value) throws(Problem) -> Response
  ) {
    switch result {
    case .success(let value): self.init { () throws(Problem) in try answer(value) }
    case .failure(let error): self = Problem(error, missing: missing).response
    }
  }
}
