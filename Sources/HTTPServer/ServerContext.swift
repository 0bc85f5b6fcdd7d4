internal import Logging
internal import Sockets
internal import Synchronization

/// What the connections of one server share.
final class ServerContext: Sendable {
  let configuration: ServerConfiguration
  let service: any Service
  let logger: Logger
  let secure: (@Sendable (SocketStream) -> (any ByteStream)?)?
  let budget: BodyBudget
  let workers: WorkerPool
  let threads = LoopThreads()
  let date = DateField()
  let isStopping = Atomic<Bool>(false)
  let openConnections = Atomic<Int>(0)
  let bytesIn = Atomic<Int>(0)
  let bytesOut = Atomic<Int>(0)

  init(
    configuration: ServerConfiguration, service: any Service, logger: Logger,
    secure: (@Sendable (SocketStream) -> (any ByteStream)?)? = nil
  ) {
    self.configuration = configuration
    self.service = service
    self.logger = logger
    self.secure = secure
    budget = BodyBudget(limit: configuration.maximumInflightBytes)
    workers = WorkerPool(maximum: configuration.maximumWorkers)
  }

  var limits: ConnectionMachine.Limits {
    ConnectionMachine.Limits(
      headTimeout: configuration.headTimeout, idleTimeout: configuration.idleTimeout,
      minimumRate: configuration.bodyMinimumRate)
  }
}
