import FoundationEssentials
import HTTPServer
import ModelStore
import Optimizers
import Tensors

/// What an operator looks at.
extension Routes {
  static func status(_ call: Call) throws(Problem) -> any Exchange {
    let application = call.application
    return AnswerExchange { responder in responder.respond(.json(encoding: StatusBody(application))) }
  }

  static func trainers(_ call: Call) throws(Problem) -> any Exchange {
    let application = call.application
    return AnswerExchange { responder in
      responder.respond(.json(encoding: application.trainers.mostRecent.map(TrainerBody.init)))
    }
  }

  static func variables(_ call: Call) throws(Problem) -> any Exchange {
    let model = call.model
    return AnswerExchange { responder in
      let variables = model.status.model?.layout.variables ?? []
      responder.respond(.json(encoding: variables.map(VariableBody.init)))
    }
  }
}

/// The body of GET /v1/status; what has no sense without a model is null.
struct StatusBody: Encodable {
  let iterations: Nullable<Int>
  let snapshots: Nullable<Int>
  let nextSnapshotAt: Nullable<Int>
  let learningRate: Nullable<Float>
  let variables: Nullable<Int>
  let parameters: Nullable<Int>
  let bytes: Nullable<Int>
  let modelEpoch: Nullable<String>
  let optimizer: String
  let aggregation: String
  let round: Nullable<Round>
  let staleness: Staleness
  let trainers: Int
  let startedAt: String
  let uptimeSeconds: Double
  let version = ParameterServer.version
  let durability: String
  let lastCheckpoint: Nullable<CheckpointBody>

  /// The open round of synchronous training.
  struct Round: Encodable {
    let replicas: Int
    let contributions: Int
  }

  struct Staleness: Encodable {
    let last: Nullable<Int>
    let mean: Nullable<Double>
    let max: Nullable<Int>
  }

  init(_ application: Application) {
    let status = application.model.status
    let model = status.model
    iterations = Nullable(model?.stamp.iterations)
    snapshots = Nullable(model.map { $0.average?.snapshots ?? 0 })
    nextSnapshotAt = Nullable(model?.nextSnapshotAt)
    learningRate = Nullable(model?.learningRate)
    variables = Nullable(model?.layout.entries.count)
    parameters = Nullable(model?.layout.elementCount)
    bytes = Nullable(model?.layout.byteCount)
    modelEpoch = Nullable(model?.stamp.epoch.description)
    optimizer = status.optimizer.name
    aggregation = application.rounds == nil ? "async" : "sync"
    round = Nullable(
      application.rounds.map { Round(replicas: $0.settings.replicas, contributions: $0.contributionCount) })
    let values = application.stalenessSummary.values
    staleness = Staleness(last: Nullable(values.last), mean: Nullable(values.mean), max: Nullable(values.max))
    trainers = application.trainers.count
    startedAt = application.started.date.ISO8601Format()
    uptimeSeconds = application.started.uptimeSeconds
    durability = application.model.durabilityMode.rawValue
    lastCheckpoint = Nullable(application.model.checkpoints.last.map { CheckpointBody($0) })
  }
}

/// One trainer of GET /v1/trainers.
struct TrainerBody: Encodable {
  let id: String
  let pushes: Int
  let lastSeen: String
  let lastBaseIteration: Nullable<Int>
  let lastLoss: Nullable<Double>

  init(_ entry: TrainerTable.Entry) {
    id = entry.id
    pushes = entry.pushes
    lastSeen = entry.lastSeen.ISO8601Format()
    lastBaseIteration = Nullable(entry.lastBaseIteration)
    lastLoss = Nullable(entry.lastLoss.flatMap { $0.isFinite ? $0 : nil })
  }
}

/// One variable of GET /v1/variables.
struct VariableBody: Encodable {
  let name: String
  let dtype: String
  let shape: [Int]
  let trainable: Bool
  let bytes: Int

  init(_ variable: Variable) {
    name = variable.name
    dtype = variable.dtype.rawValue
    shape = variable.shape
    trainable = variable.isTrainable
    bytes = variable.byteCount
  }
}

/// A value that is written as null when there is none, instead of being left out.
struct Nullable<Value: Encodable>: Encodable {
  let value: Value?

  init(_ value: Value?) {
    self.value = value
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if let value { try container.encode(value) } else { try container.encodeNil() }
  }
}
