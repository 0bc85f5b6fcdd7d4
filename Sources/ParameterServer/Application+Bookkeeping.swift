import ModelStore

/// What is remembered of trainers beside the model.
extension Application {
  /// Notes a push that was applied.
  func noteApplied(_ receipt: Receipt, _ conditions: PushConditions) {
    if let staleness = receipt.staleness { stalenessSummary.add(staleness) }
    if let trainer = conditions.trainer {
      trainers.note(trainer, baseIteration: conditions.base.iteration, loss: conditions.loss)
    }
  }
}
