import ArgumentParser
import Glibc
import HTTPServer
import Logging
import ModelStore
import Optimizers
import ParameterServer
import Sockets
import Tensors

/// One run of the server: from options over start-up to a clean stop.
struct ServerRun {
  let options: ServeOptions
  let logger: Logger

  /// Serves until the first signal, then stops within the grace.
  func run(until signals: Signals) throws(Failure) {
    let security = try SecurityFiles(options.security)
    let store = try DataStore(options.durability, logger: logger)
    let initial = InitialModel(options, isNeeded: store?.holdsState != true)
    let model = try initial.make(logger: logger)
    try check(model)
    var configuration = ApplicationConfiguration(options)
    configuration.authorization = security.authorization
    let application = Application(model: model, configuration: configuration, logger: logger)
    let server = Server(
      configuration: ServerConfiguration(options), service: application, logger: logger,
      secure: security.secure)
    if store != nil { application.beginRecovery() }
    let port = try start(server)
    do throws(Failure) {
      if let path = options.portFile { try NamedFile(path: path).replace(with: "\(port)\n") }
      // Reading a long journal takes longer than a supervisor's patience, and may be left at any point.
      signals.onStop { [logger] in
        logger.info("stopped while the data directory was read")
        _exit(ExitCode.success.rawValue)
      }
      defer { signals.onStop(nil) }
      try store?.open(model, ignored: initial.ignored)
      try check(model)
    } catch {
      server.stop(grace: .zero)
      throw error
    }
    application.endRecovery()
    let durability = store?.summary ?? "durability none"
    logger.info("\(startUpLine(port: port, model: model.status, registry: model.registry, durability))")
    security.warn(logger, host: options.host)
    signals.onHangUp { [logger] in security.reload(logger) }
    signals.wait()
    logger.info("stopping", metadata: ["grace": "\(options.shutdownGrace)"])
    application.prepareToStop()
    server.stop(grace: options.shutdownGrace.duration)
    try store?.close(model)
    logger.info("stopped")
  }

  /// Refuses a model whose rounds would take too much memory.
  private func check(_ model: Model) throws(Failure) {
    let rounds = ApplicationConfiguration(options).rounds
    guard let rounds, let layout = model.status.model?.layout, (try? rounds.check(layout)) == nil else { return }
    throw Failure(
      .usage,
      """
      --replicas \(rounds.replicas) with gradients of \(layout.computeByteCount) bytes are more than \
      --max-inflight-bytes \(options.maxInflightBytes)
      """)
  }

  /// Answers the port that was bound.
  private func start(_ server: Server) throws(Failure) -> Int {
    do throws(SocketError) {
      let addresses = try server.start(host: options.host.description, port: options.port)
      return addresses.first?.port ?? options.port
    } catch {
      switch error {
      case .addressInUse: throw Failure(.unavailable, "\(error)")
      case .descriptorLimit:
        throw Failure(.usage, "--max-connections \(options.maxConnections): \(error)")
      case .unresolvable, .invalidPort, .call("bind", _):
        throw Failure(.usage, "cannot listen on \(options.host.inURL):\(options.port): \(error)")
      case .call: throw Failure(.io, "\(error)")
      }
    }
  }

  private func startUpLine(
    port: Int, model status: ModelStatus, registry: Registry, _ durability: String
  ) -> String {
    let url = "\(options.security.tlsCert == nil ? "http" : "https")://\(options.host.inURL):\(port)"
    let model =
      switch status.model {
      case .none: "no model yet"
      case .some(let model): "model of \(model.layout.entries.count) variables, \(model.layout.byteCount) bytes"
      }
    return """
      swa-server \(version) listening on \(url), \(model), \(registry.summary(of: status.optimizer)), \
      \(durability)
      """
  }
}
