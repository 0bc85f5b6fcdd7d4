public import ModelStore

/// What an operator sets of the application.
public struct ApplicationConfiguration: Sendable {
  /// Host names beside localhost and addresses that browsers may call the server by.
  public var allowedHosts: [String]
  /// Whether gradients with NaN or infinity are applied instead of refused.
  public var acceptsNonFinite: Bool
  /// What becomes of pushes whose weights are behind.
  public var stalenessPolicy: StalenessPolicy
  /// When rounds of synchronous training close; nil to apply each push by itself.
  public var rounds: RoundSettings?
  /// Bytes of older versions that slow readers may hold.
  public var maximumHeldBytes: Int
  /// How many requests may wait for news at a time.
  public var maximumWaiting: Int
  /// Who may do what.
  public var authorization: Authorization
  /// Served at /openapi.yaml.
  public var openAPI: [UInt8]

  /// A configuration.
  public init(
    allowedHosts: [String] = [], acceptsNonFinite: Bool = false, stalenessPolicy: StalenessPolicy = .accept,
    rounds: RoundSettings? = nil, maximumHeldBytes: Int = .max, maximumWaiting: Int = .max,
    authorization: Authorization = .open,
    openAPI: [UInt8] = []
  ) {
    self.allowedHosts = allowedHosts
    self.acceptsNonFinite = acceptsNonFinite
    self.stalenessPolicy = stalenessPolicy
    self.rounds = rounds
    self.maximumHeldBytes = maximumHeldBytes
    self.maximumWaiting = maximumWaiting
    self.authorization = authorization
    self.openAPI = openAPI
  }

  var browserRules: BrowserRules { BrowserRules(allowedHosts: authorization.takesTokens ? nil : allowedHosts) }

  /// What caches may do with weights and state: those of one caller are not for another.
  var cacheControl: String { authorization.isRequired ? "private, no-cache" : "no-cache" }
}
