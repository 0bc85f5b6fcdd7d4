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
    let push = Push(
      gradient: gradient, baseIteration: conditions.baseIteration, epoch: conditions.epoch,
      wantsWeights: wantsWeights)
    if responder.isOnLoop, layout.computeByteCount <= Self.inlineByteCount, !conditions.isDryRun {
      do throws(ModelError) {
        if let outcome = try application.model.applyIfFree(.push(push)) {
          return responder.respond(response(to: outcome))
        }
      } catch {
        return responder.respond(Problem(error))
      }
    }
    responder.onWorker { responder in responder.respond(apply(push)) }
  }

  private var wantsWeights: Bool {
    if case .representation = conditions.preference { !conditions.isDryRun } else { false }
  }

  private func apply(_ push: Push) -> Response {
    do throws(ModelError) {
      if conditions.isDryRun {
        let receipt = try application.model.dryRun(push)
        return .json(ReceiptJSON.text(of: receipt), fields: .version(receipt.stamp))
      }
      return response(to: try application.model.apply(.push(push)))
    } catch {
      return Problem(error).response
    }
  }

  private func response(to outcome: Outcome) -> Response {
    guard case .pushed(let receipt, let weights) = outcome else {
      return Problem.unencodable("a push was answered with something else").response
    }
    application.noteApplied(receipt, conditions)
    switch conditions.preference {
    case .receipt:
      return .json(ReceiptJSON.text(of: receipt), fields: .version(receipt.stamp))
    case .minimal:
      var fields = HTTPFields.version(receipt.stamp)
      fields[.preferenceApplied] = "return=minimal"
      return Response(.noContent, fields: fields)
    case .representation(let format):
      guard let weights else { return Problem.unencodable("the new weights are missing").response }
      return Response { () throws(Problem) in
        var response = try WeightsRepresentation(
          weights: weights, format: format, heldVersions: application.heldVersions
        ).response()
        response.fields[.contentLocation] = "/v1/weights"
        response.fields[.preferenceApplied] = "return=representation"
        return response
      }
    }
  }
}

extension HTTPFields {
  /// The fields that say which weights there are.
  static func version(_ stamp: VersionStamp) -> HTTPFields {
    [.weightsIteration: "\(stamp.iterations)", .modelEpoch: stamp.epoch.description]
  }
}
