import HTTPServer
import HTTPTypes
import ModelStore

/// Checkpoints: written now, listed, downloaded, gone back to.
extension Routes {
  static func checkpoints(_ call: Call) throws(Problem) -> any Exchange {
    let model = call.model
    return AnswerExchange { responder in
      let checkpoints = model.checkpoints.map(CheckpointBody.init)
      responder.respond(.json(encoding: checkpoints, fields: [.cacheControl: "no-cache"]))
    }
  }

  static func writeCheckpoint(_ call: Call) throws(Problem) -> any Exchange {
    let model = call.model
    guard model.durabilityMode != .none else { throw .noDataDirectory }
    return AnswerExchange { responder in
      let parked = ParkedResponder(responder)
      model.checkpoint { checkpoint in
        parked.respond(
          Response(checkpoint) { (checkpoint) throws(Problem) in
            var response = Response.json(encoding: CheckpointBody(checkpoint))
            response.status = .created
            response.fields.append(.location, "/v1/checkpoints/\(checkpoint.id)")
            return response
          })
      }
    }
  }

  static func checkpoint(_ call: Call) throws(Problem) -> any Exchange {
    let model = call.model
    let id = try knownID(call)
    return AnswerExchange { responder in
      responder.onWorker { responder in
        let response = Response { () throws(Problem) in
          do throws(FileFailure) {
            // It may have been removed since its id was looked up.
            if let file = try model.checkpointFile(id) { return CheckpointSource(file).response(named: id) }
          } catch {
            throw .unreadableCheckpoint(id, "\(error)")
          }
          throw .noCheckpoint(id)
        }
        responder.respond(response)
      }
    }
  }

  static func restoreCheckpoint(_ call: Call) throws(Problem) -> any Exchange {
    let model = call.model
    let rounds = call.application.rounds
    let id = try knownID(call)
    let preconditions = try call.preconditions { $0.weightsTags }
    return AnswerExchange { responder in
      responder.onWorker { responder in
        do throws(CheckpointError) {
          guard let saved = try model.savedState(id) else { return responder.respond(Problem.noCheckpoint(id)) }
          if let refusal = refusal(of: saved, rounds) { return responder.respond(refusal) }
          responder.respond(applying: .restore(saved, epoch: .random()), to: model, onlyIf: preconditions.hold) {
            (outcome) throws(Problem) in
            guard case .restored(let stamp) = outcome else { throw .mismatched(outcome) }
            let body = RestoredBody(id: id, iterations: Nullable(stamp?.iterations))
            return .json(encoding: body, fields: stamp.map(FieldLines.version) ?? [:])
          }
        } catch {
          responder.respond(Problem.unreadableCheckpoint(id, "\(error)"))
        }
      }
    }
  }

  /// Why a state is not gone back to: rounds of its model would take too much memory.
  private static func refusal(of saved: SavedState, _ rounds: Rounds?) -> Problem? {
    guard let layout = saved.layout else { return nil }
    do throws(ModelError) {
      try rounds?.settings.check(layout)
      return nil
    } catch {
      return Problem(error)
    }
  }

  /// The id in the path, when a checkpoint has it: no path of a file is ever made of it.
  private static func knownID(_ call: Call) throws(Problem) -> String {
    guard call.model.durabilityMode != .none else { throw .noDataDirectory }
    let id = call.captures["id"] ?? ""
    guard call.model.checkpoints.contains(where: { $0.id == id }) else { throw .noCheckpoint(id) }
    return id
  }
}

/// One checkpoint, as lists and /v1/status show it.
struct CheckpointBody: Encodable {
  let id: String
  let iterations: Nullable<Int>
  let created: String
  let bytes: Int

  init(_ checkpoint: Checkpoint) {
    id = checkpoint.id
    iterations = Nullable(checkpoint.iterations)
    created = checkpoint.created
    bytes = checkpoint.byteCount
  }
}

private struct RestoredBody: Encodable {
  let id: String
  let iterations: Nullable<Int>
}
