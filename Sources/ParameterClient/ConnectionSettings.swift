/// How a connection is made and when it is given up.
public struct ConnectionSettings: Sendable, Equatable {
  /// A file of certificates (PEM) to trust instead of the system's.
  public var certificateAuthorities: String?
  /// The client's certificate (PEM).
  public var certificate: String?
  /// The key of the client's certificate (PEM).
  public var key: String?
  /// Seconds until a connection is given up that is not made.
  public var connectTimeout: Double = 10
  /// Seconds until a transfer is given up in which nothing moves; longer than a server makes a trainer wait for others.
  public var stallTimeout: Int = 120

  /// The system's certificates, 10 seconds to connect, 120 seconds of silence.
  public init() {}
}
