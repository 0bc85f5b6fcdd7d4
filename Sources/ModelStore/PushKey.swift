/// The name under which a push may be sent again without being applied again.
public struct PushKey: Sendable, Hashable {
  /// Caller, trainer and key, a line each: all that is to be saved.
  let text: String

  /// The key that a trainer chose. None of the three holds a line break.
  public init(_ key: String, trainer: String?, caller: String) {
    text = "\(caller)\n\(trainer ?? "")\n\(key)"
  }

  /// A key that was saved.
  init(text: String) {
    self.text = text
  }
}

/// A push as its key knows it again.
public struct PushIdentity: Sendable {
  /// The key.
  public let key: PushKey
  /// The body that came with it.
  public let body: BodyDigest
  /// When it came, in seconds since 1970.
  public let seconds: Int

  /// The identity of a push.
  public init(key: PushKey, body: BodyDigest, seconds: Int) {
    self.key = key
    self.body = body
    self.seconds = seconds
  }
}
