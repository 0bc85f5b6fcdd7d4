public import HTTPServer
internal import HTTPTypes
public import Logging
public import ModelStore
internal import Locks
internal import Synchronization
internal import Tensors

/// The parameter server: one model, and the routes to it.
public final class Application: Service {
  let model: Model
  let configuration: ApplicationConfiguration
  /// Synchronous training; nil when each push is applied by itself.
  let rounds: Rounds?
  let trainers = TrainerTable()
  let stalenessSummary = StalenessSummary()
  let pushesUnderWay = PushesUnderWay()
  let heldVersions: HeldVersions
  let longPolls: LongPolls
  let smallAnswers = SmallAnswers()
  let started = Started()
  private let logger: Logger
  private let router = Router(Routes.all.map { ($0.method, $0.path) })
  private let isStopping = Lock(false)
  private let isRecovering = Atomic(false)

  /// Serves a model.
  public init(model: Model, configuration: ApplicationConfiguration, logger: Logger) {
    self.model = model
    self.configuration = configuration
    heldVersions = HeldVersions(limit: configuration.maximumHeldBytes)
    longPolls = LongPolls(limit: configuration.maximumWaiting)
    self.logger = logger
    rounds = configuration.rounds.map {
      Rounds(of: model, $0, acceptsNonFinite: configuration.acceptsNonFinite)
    }
    model.onChange { [longPolls, weak model] in
      // Without the look at the model, which costs several times as much as this.
      if longPolls.count > 0, let model { longPolls.take(model.status) }
    }
  }

  /// Refuses everything but questions after the process's health until `endRecovery`, while the model is being read.
  public func beginRecovery() {
    isRecovering.store(true, ordering: .releasing)
  }

  /// Serves the model from now on.
  public func endRecovery() {
    isRecovering.store(false, ordering: .releasing)
  }

  /// Turns readiness off, for load balancers, before the server stops, and ends waiting for news and rounds.
  public func prepareToStop() {
    isStopping.withLock { $0 = true }
    longPolls.endAll()
    rounds?.stop()
  }

  /// Whether the server takes no new work.
  var isReady: Bool { !isStopping.withLock { $0 } }

  /// Judges a head: rules against browsers, route, query, role, then what the route itself checks.
  public func exchange(for request: Request) throws(Problem) -> any Exchange {
    try configuration.browserRules.check(request)
    if isRecovering.load(ordering: .acquiring), request.path != Routes.healthPath { throw .recovering }
    switch router.match(request.head.method, request.path) {
    case .notFound:
      throw .notFound("no such route: \(request.path.escaped)")
    case .methodNotAllowed(let allow):
      if request.head.method == .options {
        return BareExchange(Response(.noContent, fields: FieldLines(.allow(allow))))
      }
      throw .methodNotAllowed(request.head.method, path: request.path, allow: allow)
    case .found(let index, _, let captures):
      let route = Routes.all[index]
      let query = try route.query(of: request)
      let caller = try configuration.authorization.admit(request, to: route.role(for: request))
      return try route.handler(
        Call(application: self, request: request, query: query, captures: captures, caller: caller))
    }
  }

  /// Logs a request: its route, or its path when there is none.
  public func served(_ served: Served) {
    guard logger.logLevel <= .debug else { return }
    var metadata: Logger.Metadata = [
      "status": "\(served.status.map(String.init) ?? "none")", "in": "\(served.bytesIn)", "out": "\(served.bytesOut)",
      "seconds": "\(Double(Int(served.seconds * 1e6)) / 1e6)", "remote": "\(served.peer)",
    ]
    if let request = served.request {
      metadata["method"] = "\(request.head.method.rawValue.escaped)"
      if let route = router.template(of: request.path) {
        metadata["route"] = "\(route)"
      } else {
        metadata["path"] = "\(request.path.escaped)"
      }
      if let trainer = request.head.headerFields[.trainerID] { metadata["trainer"] = "\(trainer.escaped)" }
    }
    logger.debug("request", metadata: metadata)
  }
}

/// One request at a route, as a handler sees it.
///
/// An object, because it goes through many hands, and each copy of all this would count two dozen references.
final class Call: Sendable {
  let application: Application
  let request: Request
  let query: Query
  let captures: [String: String]
  let caller: Caller

  init(application: Application, request: Request, query: Query, captures: [String: String], caller: Caller) {
    self.application = application
    self.request = request
    self.query = query
    self.captures = captures
    self.caller = caller
  }

  var model: Model { application.model }
  var fields: HTTPFields { request.head.headerFields }

  /// The value of a field of the head.
  func field(_ name: HTTPField.Name) -> String? { fields.value(of: name) }
}
