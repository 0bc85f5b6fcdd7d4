import FoundationEssentials
import HTTPServer
import HTTPTypes
import ModelStore
import Tensors

/// A push whose head was accepted: applies its gradient and answers.
///
/// An object, because several closures hold it, and a copy of all this would count a dozen references.
final class GradientPush: Sendable {
  /// Models up to this many bytes are updated on the event loop when the lane is free.
  private static let inlineByteCount = 256 << 10

  let application: Application
  let layout: Layout
  let conditions: PushConditions
  /// The push's place among those with its key; nil where no key counts.
  let turn: PushesUnderWay.Turn?

  init(application: Application, layout: Layout, conditions: PushConditions) {
    self.application = application
    self.layout = layout
    self.conditions = conditions
    turn = conditions.isDryRun ? nil : conditions.key.map(application.pushesUnderWay.enter)
  }

  /// Applies the gradient, or answers as the first time when it came before under its key; waits for another push with
  /// the key that is under way.
  func respond(to gradient: Gradient, from body: BodyDigest, _ responder: consuming Responder) {
    let push = Push(
      gradient: gradient, base: conditions.base,
      identities: turn.map { [PushIdentity(key: $0.key, body: body, seconds: Date.nowInSeconds)] } ?? [],
      wantsWeights: wantsWeights)
    guard let turn, !turn.isFirst else { return apply(push, responder) }
    let parked = ParkedResponder(responder)
    turn.whenFirst { [self] in parked.respond { [self] responder in apply(push, responder) } }
  }

  /// Applies the push at once where nothing waits, else on a worker.
  private func apply(_ push: Push, _ responder: consuming Responder) {
    if let rounds = application.rounds, let contribution = conditions.contribution, !conditions.isDryRun {
      return contribute(push, as: contribution, to: rounds, responder)
    }
    if responder.isOnLoop, layout.computeByteCount <= Self.inlineByteCount, !conditions.isDryRun {
      do throws(ModelError) {
        if let outcome = try application.model.applyIfFree(.push(push)) {
          if let outcome = outcome.value { return responder.respond(response(to: .success(outcome))) }
          let parked = ParkedResponder(responder)
          return outcome.then { [self] outcome in respond(with: outcome, parked) }
        }
      } catch {
        return responder.respond(Problem(error))
      }
    }
    responder.onWorker { [self] responder in
      let parked = ParkedResponder(responder)
      if conditions.isDryRun {
        application.model.dryRun(push) { receipt in
          parked.respond(Response(receipt) { receipt in ReceiptJSON.response(to: receipt) })
        }
      } else {
        application.model.apply(.push(push)) { [self] outcome in respond(with: outcome, parked) }
      }
    }
  }

  /// Answers what became of the push.
  func respond(with outcome: Result<Outcome, ModelError>, _ parked: ParkedResponder) {
    if case .representation(let request) = conditions.preference, !request.isWhole {
      return parked.respond { [self] responder in responder.respond(response(to: outcome)) }
    }
    parked.respond(response(to: outcome))
  }

  private var wantsWeights: Bool {
    if case .representation = conditions.preference { !conditions.isDryRun } else { false }
  }

  private func response(to outcome: Result<Outcome, ModelError>) -> Response {
    Response(outcome) { (outcome) throws(Problem) in
      switch outcome {
      case .pushed(let receipt, let weights):
        application.noteApplied(receipt, conditions)
        return try response(to: receipt, weights)
      case .replayed(let receipt, let weights):
        var response = try response(to: receipt, weights)
        response.fields.append(.idempotentReplayed, "true")
        return response
      default: throw .mismatched(outcome)
      }
    }
  }

  private func response(to receipt: Receipt, _ weights: WeightsVersion?) throws(Problem) -> Response {
    switch conditions.preference {
    case .receipt: return ReceiptJSON.response(to: receipt)
    case .minimal:
      var fields = FieldLines.version(receipt.stamp)
      fields.append(.preferenceApplied, "return=minimal")
      return Response(.noContent, fields: fields)
    case .representation(let request):
      guard let weights else { throw .unencodable("the new weights are missing") }
      var response = request.response(of: weights, application)
      // The push is applied: what stands in the way of its weights must not make it look refused.
      guard response.status == .ok else { return ReceiptJSON.response(to: receipt) }
      response.fields.append(.contentLocation, "/v1/weights" + request.selection.query)
      response.fields.append(.preferenceApplied, "return=representation")
      return response
    }
  }
}
