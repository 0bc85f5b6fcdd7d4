import HTTPServer
import ParameterServer

extension ServerConfiguration {
  /// The limits that the options set.
  init(_ options: ServeOptions) {
    self.init()
    maximumConnections = options.maxConnections
    maximumWorkers = options.maxWorkers
    maximumBodyBytes = options.maxBodyBytes.bytes
    maximumInflightBytes = options.maxInflightBytes.bytes
    headTimeout = options.headTimeout.duration
    bodyMinimumRate = options.bodyMinRate.bytes
    idleTimeout = options.idleTimeout.duration
    loops = options.loops
  }
}

extension ApplicationConfiguration {
  /// What the options set of the application.
  init(_ options: ServeOptions) {
    self.init(
      allowedHosts: options.allowedHost, acceptsNonFinite: options.nonFinite == .accept,
      stalenessPolicy: options.aggregation.policy,
      rounds: options.aggregation.rounds(maximumByteCount: options.maxInflightBytes.bytes),
      maximumHeldBytes: options.maxHeldBytes.bytes, maximumWaiting: options.maxConnections / 2,
      openAPI: PackageResources.openapi_yaml)
  }
}
