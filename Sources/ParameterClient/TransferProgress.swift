/// How far a transfer has come, in bytes.
public struct TransferProgress: Sendable, Equatable {
  /// Bytes of the request's body that were sent.
  public let sent: Int
  /// Bytes of the request's body.
  public let toSend: Int
  /// Bytes of the answer's body that have come.
  public let received: Int
  /// Bytes of the answer's body; 0 while unknown.
  public let toReceive: Int
}
