import HTTPServer
import HTTPTypes
import ModelStore
import Tensors

/// A push whose head was accepted: applies its gradient and answers.
struct GradientPush: Sendable {
  /// Models up to this many bytes are updated on the event loop when the lane is free.
  private static let inlineByteCount = 256 << 10

  let application: Application
  let layout: Layout
  let conditions: PushConditions

  /// Applies the gradient at once where nothing waits, else on a worker.
  func respond(to gradient: Gradient, _ responder: consuming Responder) {
    let push = Push(gradient: gradient, base: conditions.base, wantsWeights: wantsWeights)
    if responder.isOnLoop, layout.computeByteCount <= Self.inlineByteCount, !conditions.isDryRun {
      do throws(ModelError) {
        if let outcome = try application.model.applyIfFree(.push(push)) {
          if let outcome = outcome.value { return responder.respond(response(to: .success(outcome))) }
          let parked = ParkedResponder(responder)
          return outcome.then { outcome in respond(with: outcome, parked) }
        }
      } catch {
        return responder.respond(Problem(error))
      }
    }
    responder.onWorker { responder in
      let parked = ParkedResponder(responder)
      if conditions.isDryRun {
        application.model.dryRun(push) { receipt in
          parked.respond(
            Response(receipt) { receipt in .json(ReceiptJSON.text(of: receipt), fields: .version(receipt.stamp)) })
        }
      } else {
        application.model.apply(.push(push)) { outcome in respond(with: outcome, parked) }
      }
    }
  }

  private func respond(with outcome: Result<Outcome, ModelError>, _ parked: ParkedResponder) {
    if case .representation(let format) = conditions.preference, !format.isCheap {
      return parked.respond { responder in responder.respond(response(to: outcome)) }
    }
    parked.respond(response(to: outcome))
  }

  private var wantsWeights: Bool {
    if case .representation = conditions.preference { !conditions.isDryRun } else { false }
  }

  private func response(to outcome: Result<Outcome, ModelError>) -> Response {
    Response(outcome) { (outcome) throws(Problem) in
      guard case .pushed(let receipt, let weights) = outcome else { throw .mismatched(outcome) }
      application.noteApplied(receipt, conditions)
      return try response(to: receipt, weights)
    }
  }

  private func response(to receipt: Receipt, _ weights: WeightsVersion?) throws(Problem) -> Response {
    switch conditions.preference {
    case .receipt:
      return .json(ReceiptJSON.text(of: receipt), fields: .version(receipt.stamp))
    case .minimal:
      var fields = HTTPFields.version(receipt.stamp)
      fields[.preferenceApplied] = "return=minimal"
      return Response(.noContent, fields: fields)
    case .representation(let format):
      guard let weights else { throw .unencodable("the new weights are missing") }
      var response = try WeightsRepresentation(weights, as: format, of: application).response()
      response.fields[.contentLocation] = "/v1/weights"
      response.fields[.preferenceApplied] = "return=representation"
      return response
    }
  }
}

extension HTTPFields {
  /// The fields that say which weights there are.
  static func version(_ stamp: VersionStamp) -> HTTPFields {
    [.weightsIteration: "\(stamp.iterations)", .modelEpoch: stamp.epoch.description]
  }
}
