/// What became of one request, for logs and metrics.
public struct Served: Sendable {
  /// Its head; nil when that could not be read, or none had come when its time was over.
  public let request: Request?
  /// The peer's address.
  public let peer: String
  /// The status of the answer; nil when the connection ended before there was one.
  public let status: Int?
  /// Bytes of content that were received.
  public let bytesIn: Int
  /// Bytes of the answer's content that were sent.
  public let bytesOut: Int
  /// Seconds from the complete head to the last byte of the answer.
  public let seconds: Double
}
