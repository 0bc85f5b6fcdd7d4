import HTTPServer
import ModelStore

/// Pushes that wait for those of other trainers, on no thread.
extension GradientPush {
  /// Lets the gradient take part in a round. A push that comes again under its key joins its first, or is answered as that
  /// one was.
  func contribute(
    _ push: Push, as contribution: PushConditions.Contribution, to rounds: Rounds, _ responder: consuming Responder
  ) {
    guard let identity = push.identities.first else {
      return join(push, contribution, rounds, nil, ParkedResponder(responder))
    }
    responder.onWorker { [self] responder in
      let parked = ParkedResponder(responder)
      replay(identity, push.wantsWeights, parked) { [self] in
        join(push, contribution, rounds, identity, parked)
      }
    }
  }

  private func join(
    _ push: Push, _ contribution: PushConditions.Contribution, _ rounds: Rounds, _ identity: PushIdentity?,
    _ parked: ParkedResponder
  ) {
    let wantsWeights = push.wantsWeights
    rounds.contribute(
      Contribution(trainer: contribution.trainer, push: push, weight: contribution.weight) { [self] result in
        switch (result, identity) {
        case (.success(let outcome), _): respond(with: .success(outcome), parked)
        case (.failure(.refused(let error)), let identity?):
          // Its first may have been part of a round that was just applied.
          parked.respond { [self] responder in
            let parked = ParkedResponder(responder)
            replay(identity, wantsWeights, parked) { parked.respond(Problem(error).response) }
          }
        case (.failure(let error), _): parked.respond(Problem(error).response)
        }
      })
    // Who comes with the key from now on finds the contribution in the round.
    turn?.leave()
  }

  /// Answers a push that was applied before; calls `otherwise` for one that was not.
  private func replay(
    _ identity: PushIdentity, _ wantsWeights: Bool, _ parked: ParkedResponder,
    otherwise: @escaping @Sendable () -> Void
  ) {
    application.model.replay(of: identity, for: conditions.base.epoch, wantsWeights: wantsWeights) { [self] outcome in
      switch outcome {
      case .success(let outcome?): respond(with: .success(outcome), parked)
      case .success(nil): otherwise()
      case .failure(let error): respond(with: .failure(error), parked)
      }
    }
  }
}
