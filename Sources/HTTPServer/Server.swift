internal import Dispatch
public import Logging
public import Sockets
internal import Locks
internal import Synchronization

/// An HTTP/1.1 server over its own sockets: event loops that answer what is small, and workers that move what is big.
public final class Server: Sendable {
  private struct State {
    var loops: [LoopHandle] = []
  }

  /// Descriptors beside the connections': listeners, epoll, files of the process.
  private static let otherDescriptors = 256

  private let context: ServerContext
  private let state = Lock(State())
  private let ended = DispatchSemaphore(value: 0)

  /// A server that does not listen yet.
  ///
  /// `secure` makes a secure stream of a new connection, on the event loop; the connection is dropped when it answers
  /// nil. Without it streams are plain.
  public init(
    configuration: ServerConfiguration, service: any Service, logger: Logger,
    secure: (@Sendable (SocketStream) -> (any ByteStream)?)? = nil
  ) {
    context = ServerContext(configuration: configuration, service: service, logger: logger, secure: secure)
  }

  deinit {
    for loop in state.withLock({ $0.loops }) { loop.mailbox.post(.stop(deadline: .now)) }
    context.workers.stop()
  }

  /// Connections that are open now.
  public var openConnections: Int { context.openConnections.load(ordering: .relaxed) }
  /// Bytes of content received and not yet answered.
  public var inflightBytes: Int { context.budget.used }
  /// Bytes received from all connections so far.
  public var bytesIn: Int { context.bytesIn.load(ordering: .relaxed) }
  /// Bytes sent on all connections so far.
  public var bytesOut: Int { context.bytesOut.load(ordering: .relaxed) }

  /// Listens on every address of `host`, with port 0 on a free one, and serves until `stop`; answers where it listens.
  ///
  /// Raises the soft limit of open descriptors to fit the configured connections; throws `descriptorLimit` when the
  /// hard limit is less.
  public func start(host: String, port: Int) throws(SocketError) -> [SocketAddress] {
    try Machine.raiseDescriptorLimit(to: context.configuration.maximumConnections + Self.otherDescriptors)
    let listeners = try Listener.listen(host: host, port: port)
    for _ in 0..<max(1, context.configuration.loops) { try startLoop(listeners) }
    return listeners.map(\.address)
  }

  private func startLoop(_ listeners: [Listener]) throws(SocketError) {
    let poller = try Poller()
    let handle = LoopHandle(try Mailbox(waking: poller, token: EventLoop.wakeupToken), context.threads)
    for (index, listener) in listeners.enumerated() {
      try poller.watch(listener, token: EventLoop.listenerToken(index))
    }
    try SystemThread.start { [context, ended] in
      EventLoop(context: context, handle: handle, poller: poller, listeners: listeners).run()
      ended.signal()
    }
    state.withLock { $0.loops.append(handle) }
  }

  /// Stops accepting, closes idle connections, lets requests under way finish within `grace`, and closes the rest:
  /// a request whose responder nobody has used by then is answered 503. Returns when done; not to be called from a
  /// service.
  public func stop(grace: Duration) {
    let deadline = MonotonicTime.now + grace
    context.isStopping.store(true, ordering: .releasing)
    let loops = state.withLock { state in
      defer { state.loops = [] }
      return state.loops
    }
    for loop in loops { loop.mailbox.post(.stop(deadline: deadline)) }
    for _ in loops { ended.wait() }
    context.workers.stop()
  }
}
