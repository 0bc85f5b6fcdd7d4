public import Optimizers
import Tensors

/// Why a change of a model, or a body for one, was refused. Nothing was changed then.
public enum ModelError: Error, Sendable {
  /// There is no model yet.
  case noModel
  /// There is a model already, and the change was to create one only.
  case modelExists
  /// The names, shapes or types are not those of the model.
  case modelMismatch(variable: String, expected: String, came: String)
  /// There is no variable of this name.
  case unknownVariable(String)
  /// A gradient has another shape than its variable.
  case shapeMismatch(variable: String, expected: [Int], came: [Int])
  /// A tensor has a type that can't be taken for its variable.
  case dtypeMismatch(variable: String, expected: String, came: String)
  /// A row of a sparse gradient lies outside of the variable.
  case indexOutOfRange(variable: String, index: Int, count: Int)
  /// Half of a sparse pair, or a pair that does not fit together.
  case sparsePair(variable: String, detail: String)
  /// No trainable variable has a gradient.
  case noGradients
  /// Rows of a variable came as new values where only whole variables can be combined.
  case rowsOfValues(variable: String)
  /// The contributions to a round would take more memory than is allowed.
  case roundTooLarge(replicas: Int, byteCount: Int, limit: Int)
  /// A value is NaN or infinite.
  case nonFinite(variable: String)
  /// A name that a model can't have.
  case invalidName(String, detail: String)
  /// A type that a variable can't have in this role.
  case invalidTrainable(variable: String, detail: String)
  /// The gradient was computed at an iteration that has not come yet.
  case iterationAhead(came: Int, iterations: Int)
  /// The change is for another epoch of the model.
  case epochMismatch(came: String, expected: String)
  /// The gradient was computed at weights that are more steps behind than is allowed.
  case staleGradient(base: Int, iterations: Int, limit: Int)
  /// The weights are not the ones that the change was made for.
  case otherWeights(present: VersionStamp)
  /// What the change was made for is there no more.
  case preconditionFailed
  /// Another body came under the key of a push that was applied.
  case keyOfAnotherBody(first: BodyDigest, came: BodyDigest)
  /// No snapshot was taken yet.
  case noAverage
  /// The optimizer's configuration is wrong.
  case configuration(ConfigurationError)
  /// A list of optimizer state is not this optimizer's.
  case invalidState(item: String, expected: String)
  /// The rule has no slot of this name.
  case noSlot(name: String, slots: [String])
  /// The system has no memory for this.
  case outOfMemory(byteCount: Int)
  /// The disk has no room for the change's record, or for a checkpoint.
  case fullDisk(String)
  /// The journal could not be written; no change is taken until a restart.
  case journalFailed(String)
  /// A checkpoint could not be written.
  case checkpointFailed(String)
  /// The model is kept in memory alone.
  case noDataDirectory

  init(_ error: RegionError) {
    switch error {
    case .outOfMemory(let byteCount): self = .outOfMemory(byteCount: byteCount)
    }
  }
}
