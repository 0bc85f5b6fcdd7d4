/// What the server says of itself and of its model.
public struct ServerStatus: Sendable, Equatable, Decodable {
  /// Staleness of the pushes so far.
  public struct Staleness: Sendable, Equatable, Decodable {
    /// Of the last push.
    public let last: Double?
    /// Over all pushes.
    public let mean: Double?
    /// Of the stalest push.
    public let max: Double?
  }

  /// Pushes that were applied; nil without a model, like all that follows where it has no sense.
  public let iterations: Int?
  /// Snapshots in the average.
  public let snapshots: Int?
  /// The `iterations` after the push that takes the next snapshot.
  public let nextSnapshotAt: Int?
  /// The effective learning rate.
  public let learningRate: Double?
  /// How many variables the model has.
  public let variables: Int?
  /// How many elements they have together.
  public let parameters: Int?
  /// How many bytes they have together.
  public let bytes: Int?
  /// Names the model's life: another epoch is another model, or one that went back.
  public let modelEpoch: String?
  /// The optimizer's name.
  public let optimizer: String?
  /// `async` or `sync`.
  public let aggregation: String?
  /// Staleness of the pushes.
  public let staleness: Staleness?
  /// How many trainers were seen.
  public let trainers: Int?
  /// Seconds since the server started.
  public let uptimeSeconds: Double?
  /// The server's version.
  public let version: String?
  /// `none`, `checkpoint` or `journal`.
  public let durability: String?

  enum CodingKeys: String, CodingKey {
    case iterations, snapshots, variables, parameters, bytes, optimizer, aggregation, staleness, trainers, version
    case durability
    case nextSnapshotAt = "next_snapshot_at"
    case learningRate = "learning_rate"
    case modelEpoch = "model_epoch"
    case uptimeSeconds = "uptime_seconds"
  }
}
