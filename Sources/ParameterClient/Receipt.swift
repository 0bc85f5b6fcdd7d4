/// What the server says of a push that it applied.
public struct Receipt: Sendable, Equatable, Decodable {
  /// The model's iterations after the push.
  public let iterations: Int
  /// Whether this push took a snapshot into the average.
  public let snapshot: Bool
  /// How many snapshots the average holds.
  public let snapshots: Int
  /// How many pushes came between the weights of the gradient and this push; nil when the push did not name its weights.
  public let staleness: Int?
  /// The learning rate that was used.
  public let learningRate: Double
  /// The 2-norm over all gradients before clipping.
  public let gradientNorm: Double
  /// The entity tag of the weights that the push made.
  public let etag: String

  enum CodingKeys: String, CodingKey {
    case iterations, snapshot, snapshots, staleness, etag
    case learningRate = "learning_rate"
    case gradientNorm = "gradient_norm"
  }
}
