/// Which weights an answer carries.
public struct WeightsVersion: Sendable, Equatable {
  /// The model's iterations at these weights; of averaged ones, at the last snapshot.
  public let iteration: Int
  /// Names the model's life: another epoch is another model, or one that went back.
  public let modelEpoch: String
  /// The entity tag.
  public let etag: String

  /// A version by its parts.
  public init(iteration: Int, modelEpoch: String, etag: String) {
    self.iteration = iteration
    self.modelEpoch = modelEpoch
    self.etag = etag
  }

  init(_ answer: Answer) throws(ClientError) {
    guard let iteration = answer.iteration, let epoch = answer.modelEpoch, let etag = answer.etag else {
      throw .unexpectedAnswer("the answer lacks Weights-Iteration, Model-Epoch or ETag")
    }
    self.init(iteration: iteration, modelEpoch: epoch, etag: etag)
  }
}
