/// A checkpoint that is on disk.
public struct Checkpoint: Sendable {
  /// Its name in lists: digits that ascend with the changes.
  public var id: String { DataFileName.digits(sequence) }
  /// How many changes had led to its state.
  public let sequence: Int
  /// Steps taken; nil without a model.
  public let iterations: Int?
  /// The epoch of the model; nil without one.
  public let epoch: Epoch?
  /// Bytes of the file.
  public let byteCount: Int
  /// When it was begun, in ISO 8601.
  public let created: String

  init(_ metadata: CheckpointMetadata, byteCount: Int) {
    sequence = metadata.sequence
    iterations = metadata.counters?.iterations
    epoch = metadata.counters?.epoch
    created = metadata.created
    self.byteCount = byteCount
  }

  /// The file that holds it.
  var name: DataFileName { .checkpoint(sequence: sequence) }
}
