/// The weights that a gradient was computed at, as far as its trainer says, and what that asks of the model: judged before
/// the gradient comes and again when it is applied.
public struct GradientBase: Sendable {
  /// Their iteration; nil when not said.
  public let iteration: Int?
  /// Their epoch; nil when not said.
  public let epoch: Epoch?
  /// The weights that the gradient may be applied to; nil for any.
  public let weights: [WeightsIdentity]?
  /// What becomes of it when the model has gone on since `iteration`.
  public let stalenessPolicy: StalenessPolicy

  /// A base; by default a gradient that fits any weights.
  public init(
    iteration: Int? = nil, epoch: Epoch? = nil, weights: [WeightsIdentity]? = nil,
    stalenessPolicy: StalenessPolicy = .accept
  ) {
    self.iteration = iteration
    self.epoch = epoch
    self.weights = weights
    self.stalenessPolicy = stalenessPolicy
  }

  /// How many steps the weights with this stamp are ahead; nil when the trainer did not say. Throws when the gradient may
  /// not be applied to them.
  public func staleness(at stamp: VersionStamp) throws(ModelError) -> Int? {
    if let weights, !weights.contains(stamp.identity) { throw .otherWeights(present: stamp) }
    if let epoch, epoch != stamp.epoch {
      throw .epochMismatch(came: epoch.description, expected: stamp.epoch.description)
    }
    guard let iteration else { return nil }
    guard iteration <= stamp.iterations else { throw .iterationAhead(came: iteration, iterations: stamp.iterations) }
    let staleness = stamp.iterations - iteration
    if case .reject(let limit) = stalenessPolicy, staleness > limit {
      throw .staleGradient(base: iteration, iterations: stamp.iterations, limit: limit)
    }
    return staleness
  }
}
