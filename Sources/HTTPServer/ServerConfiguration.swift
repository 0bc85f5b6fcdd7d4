internal import Sockets

/// The limits of a server.
public struct ServerConfiguration: Sendable {
  /// The most connections at a time; beyond it the oldest idle one is closed.
  public var maximumConnections = 10_000
  /// The most worker threads.
  public var maximumWorkers = 256
  /// The most bytes of one request's content.
  public var maximumBodyBytes = 4 << 30
  /// The most bytes of content received and not yet answered, over all requests. A quarter of the machine's memory.
  public var maximumInflightBytes = Machine.physicalMemory / 4
  /// The time for a head to arrive once its first byte has, and for a request to wait for a free worker.
  public var headTimeout = Duration.seconds(10)
  /// The most bytes of a head.
  public var maximumHeadBytes = 32 << 10
  /// The least bytes a second, averaged over 10 s, while content is read or an answer written.
  public var bodyMinimumRate = 1024
  /// How long a connection stays open without a request.
  public var idleTimeout = Duration.seconds(75)
  /// The number of event loops.
  public var loops = 1

  /// The defaults.
  public init() {}
}
