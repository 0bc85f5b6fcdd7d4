public import Tensors

/// When a round of synchronous training closes, and how its gradients become one.
public struct RoundSettings: Sendable {
  /// How many distinct trainers make a round.
  public var replicas: Int
  /// How many do when the rest stays away; nil for all.
  public var minimum: Minimum?
  /// How long the first contribution waits for the round to close.
  public var timeout = Duration.seconds(30)
  /// How contributions become one gradient; nil for the mean of a rule that takes values, and the sum of other rules.
  public var reduction: Reduction?
  /// The most bytes of gradients that wait for a round.
  public var maximumByteCount = Int.max

  /// A round that closes without some of its trainers.
  public struct Minimum: Sendable {
    /// How many must have come.
    public let replicas: Int
    /// How long the round waits for the others from then on.
    public let grace: Duration

    /// A minimum.
    public init(replicas: Int, grace: Duration) {
      self.replicas = replicas
      self.grace = grace
    }
  }

  /// How contributions become one gradient.
  public enum Reduction: String, Sendable, CaseIterable {
    /// Their sum.
    case sum
    /// Their mean, weighted by what each contribution counts.
    case mean
  }

  /// Rounds of this many trainers.
  public init(replicas: Int) {
    self.replicas = replicas
  }

  /// Throws when a round of a model with this layout would take more memory than is allowed.
  public func check(_ layout: Layout) throws(ModelError) {
    let (byteCount, overflows) = layout.computeByteCount.multipliedReportingOverflow(by: replicas)
    guard !overflows, byteCount <= maximumByteCount else {
      throw .roundTooLarge(replicas: replicas, byteCount: layout.computeByteCount, limit: maximumByteCount)
    }
  }
}
