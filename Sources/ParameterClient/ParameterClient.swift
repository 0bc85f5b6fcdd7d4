import FoundationEssentials
import Glibc
public import Tensors

/// A trainer's end of a parameter server: pulls weights, pushes gradients. One client keeps one connection, for one thread.
public final class ParameterClient {
  /// The version of the client.
  public static let version = "0.1.0"

  /// Called now and then during a transfer, on the caller's thread.
  public var onProgress: ((TransferProgress) -> Void)?

  /// Called when a request is sent again, and when the server's model is not the one that it was; on the caller's thread.
  public var onNotice: ((ClientNotice) -> Void)?

  private static let unannouncedByteCount = 1 << 20

  private let base: String
  private let credentials: Credentials
  private let settings: ConnectionSettings
  private let retries: RetryPolicy
  private let pool = RegionPool()
  private let handle: CurlHandle
  /// Whether the server has ever answered: one that is gone for a moment is waited for, a wrong address is not.
  private var hasMetServer = false
  /// The model's epoch and iterations as they were last seen.
  private var lastSeen: (epoch: String, iteration: Int?)?

  /// A client of the server at `url`, such as `http://127.0.0.1:8080`. Nothing is sent yet.
  public init(
    url: String, credentials: Credentials = .none, settings: ConnectionSettings = ConnectionSettings(),
    retries: RetryPolicy = RetryPolicy()
  ) throws(ClientError) {
    guard url.hasPrefix("http://") || url.hasPrefix("https://") else {
      throw .configuration("the URL '\(url)' does not begin with http:// or https://")
    }
    guard let host = url.drop(while: { $0 != "/" }).dropFirst(2).first, host != "/", host != ":" else {
      throw .configuration("the URL '\(url)' names no host")
    }
    guard !url.contains("?"), !url.contains("#") else {
      throw .configuration("the URL '\(url)' has a query or a fragment")
    }
    base = url.hasSuffix("/") ? String(url.dropLast()) : url
    self.credentials = credentials
    self.settings = settings
    self.retries = retries
    handle = try CurlHandle()
  }

  /// The current weights, or the averaged ones.
  public func pull(averaged: Bool = false) throws(ClientError) -> Weights {
    var receiver = TensorReceiver(pool: pool)
    let (answer, _) = try send(Request(method: .get, path: weightsPath(averaged))) {
      receiver = TensorReceiver(pool: pool)
      return .tensors(receiver)
    }
    return Weights(version: try WeightsVersion(answer), file: try receiver.finish())
  }

  /// The current weights, or the averaged ones, written to a file as they come, in the safetensors format.
  public func pull(averaged: Bool = false, to file: LocalFile) throws(ClientError) -> WeightsVersion {
    let (answer, _) = try send(Request(method: .get, path: weightsPath(averaged))) { .file(file) }
    return try WeightsVersion(answer)
  }

  /// Pushes one gradient for each of some variables.
  ///
  /// The push is sent again after a 503 and after a lost connection, and the server applies it once. Where the model has
  /// gone back meanwhile this throws the 409 `model-epoch-mismatch` when `version` is given; without it the push may be
  /// applied in both epochs.
  ///
  /// - Parameters:
  ///   - version: the weights that the gradients were computed at.
  ///   - trainingLoss: the loss there, for the server's records.
  public func push(
    _ gradients: TensorFile, computedAt version: WeightsVersion? = nil, trainingLoss: Double? = nil
  ) throws(ClientError) -> Receipt {
    var request = push(Upload(gradients), epoch: version?.modelEpoch)
    if let version { request.fields.append(("Weights-Iteration", String(version.iteration))) }
    if let trainingLoss { request.fields.append(("Training-Loss", String(trainingLoss))) }
    return try decode(try send(request) { .text }.text)
  }

  /// Pushes the gradients of a safetensors or npz file, to the model of this epoch if one is given.
  public func push(_ file: LocalFile, epoch: String? = nil) throws(ClientError) -> Receipt {
    try decode(try send(push(.file(file), epoch: epoch)) { .text }.text)
  }

  /// Creates the model with these weights; refused with status 412 when there is one.
  public func initialize(_ weights: TensorFile) throws(ClientError) {
    try initialize(Upload(weights))
  }

  /// Creates the model with the weights of a safetensors or npz file; refused with status 412 when there is one.
  public func initialize(_ file: LocalFile) throws(ClientError) {
    try initialize(.file(file))
  }

  /// Drops the model, its optimizer's state and its averages.
  public func deleteModel() throws(ClientError) {
    lastSeen = nil
    _ = try send(Request(method: .delete, path: "/v1/weights")) { .text }
  }

  /// Replaces the optimizer by the one that this JSON configures, with fresh state.
  public func setOptimizer(_ json: String) throws(ClientError) {
    let upload = Upload.bytes(Array(json.utf8), contentType: "application/json")
    // The new epoch is this client's own doing.
    lastSeen = nil
    _ = try send(Request(method: .put, path: "/v1/optimizer", upload: upload)) { .text }
  }

  /// What the server says of itself.
  public func status() throws(ClientError) -> ServerStatus {
    let status: ServerStatus = try decode(try send(Request(method: .get, path: "/v1/status")) { .text }.text)
    noteModel(status.modelEpoch, iteration: status.iterations)
    return status
  }

  /// A push under a key of its own.
  private func push(_ upload: Upload, epoch: String?) -> Request {
    var request = Request(method: .post, path: "/v1/gradients", upload: upload, key: UUID().uuidString)
    if let epoch { request.fields.append(("Model-Epoch", epoch)) }
    return request
  }

  private func initialize(_ upload: Upload) throws(ClientError) {
    let request = Request(
      method: .put, path: "/v1/weights", fields: [("If-None-Match", "*")], upload: upload)
    _ = try send(request) { .text }
  }

  private func weightsPath(_ averaged: Bool) -> String { averaged ? "/v1/weights/averaged" : "/v1/weights" }

  private func decode<T: Decodable>(_ text: [UInt8]) throws(ClientError) -> T {
    do {
      return try JSONDecoder().decode(T.self, from: Data(text))
    } catch {
      throw .unexpectedAnswer("not the JSON that was expected: \(error)")
    }
  }

  /// Tells the user when the model is another one than in the last answer.
  private func noteModel(_ epoch: String?, iteration: Int?) {
    guard let epoch else { return }
    if let lastSeen, lastSeen.epoch != epoch {
      onNotice?(
        .modelChanged(
          ModelChange(
            previousEpoch: lastSeen.epoch, previousIteration: lastSeen.iteration, epoch: epoch, iteration: iteration)))
    }
    lastSeen = (epoch, iteration ?? (lastSeen?.epoch == epoch ? lastSeen?.iteration : nil))
  }

  /// Sends a request, again after a 503 or a lost connection, until there is another answer or the policy has enough.
  private func send(
    _ request: Request, to download: () -> Download
  ) throws(ClientError) -> (answer: Answer, text: [UInt8]) {
    var attempt = 1
    while true {
      let exchange = Exchange(upload: request.upload, download: download(), onProgress: onProgress)
      let result = Result { () throws(ClientError) in
        try handle.perform(request, fields: fields(of: request), at: base + request.path, settings, exchange)
      }
      let outcome: RetryPolicy.Outcome
      let failure: ClientError
      switch result {
      case .success(let answer) where answer.isSuccess:
        hasMetServer = true
        // Averages are those of an earlier iteration.
        let isAverage = request.path == weightsPath(true)
        noteModel(answer.modelEpoch, iteration: isAverage ? nil : answer.iteration)
        return (answer, exchange.text)
      case .success(let answer):
        hasMetServer = true
        outcome = .status(answer.status, retryAfter: answer.retryAfter)
        failure = .refused(Problem(status: answer.status, body: exchange.refusalBody))
      case .failure(let error):
        guard case .unreachable = error else { throw error }
        hasMetServer = hasMetServer || exchange.sent > 0
        outcome = .noAnswer(isRepeatable: request.isRepeatable && hasMetServer && !exchange.hasWrittenToFile)
        failure = error
      }
      guard let delay = retries.delay(afterAttempt: attempt, outcome, jitter: .random(in: 0...1)) else { throw failure }
      onNotice?(.retrying(after: failure, seconds: delay))
      usleep(UInt32(delay * 1_000_000))
      attempt += 1
    }
  }

  private func fields(of request: Request) -> [String] {
    var fields = request.fields.map { "\($0.name): \($0.value)" }
    if let key = request.key { fields.append("Idempotency-Key: \"\(key)\"") }
    if let token = credentials.token { fields.append("Authorization: Bearer \(token)") }
    if let name = credentials.trainerID { fields.append("Trainer-Id: \(name)") }
    if let upload = request.upload {
      fields.append("Content-Type: \(upload.contentType)")
      // Asking first costs a round trip; sending a small body in vain costs less. In libcurl's words this takes the field out.
      if upload.byteCount <= Self.unannouncedByteCount { fields.append("Expect:") }
    }
    return fields
  }
}
