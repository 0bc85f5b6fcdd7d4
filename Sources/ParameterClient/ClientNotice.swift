/// What a client tells its user while it works.
public enum ClientNotice: Sendable, Equatable {
  /// A request failed in a way that may pass, and is sent again after some seconds.
  case retrying(after: ClientError, seconds: Double)
  /// The server's model is not the one that it was in the client's last answer.
  case modelChanged(ModelChange)
}
