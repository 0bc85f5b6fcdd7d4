import Optimizers
import Tensors

/// What a checkpoint's `__metadata__` says beside the checksum.
struct CheckpointMetadata {
  let sequence: Int
  /// When it was begun, in ISO 8601.
  let created: String
  let optimizer: ConfigValue
  /// The model's counters; nil without a model.
  let counters: TrainedModel.Counters?
  /// The receipts of the model's epoch.
  let receipts: RememberedReceipts
  /// The variables' names in creation order.
  let order: [String]
  /// The names of floating-point variables that are not trained.
  let nonTrainable: [String]

  init(of saved: SavedState, created: String, registry: Registry) {
    sequence = saved.sequence
    self.created = created
    optimizer = registry.print(saved.optimizer)
    counters = saved.state.trained?.counters
    receipts = saved.state.trained?.receipts ?? RememberedReceipts()
    let variables = saved.layout?.variables ?? []
    order = variables.map(\.name)
    nonTrainable = variables.filter { !$0.isTrainable && $0.dtype.isFloatingPoint }.map(\.name)
  }

  /// The members in the order in which they are written.
  var members: [(String, String)] {
    var members = [
      ("format", "pt"), ("kind", "checkpoint"), ("checkpoint_version", "\(CheckpointLayout.formatVersion)"),
      ("created", created), ("sequence", "\(sequence)"), ("optimizer", JSONConfiguration.string(of: optimizer)),
    ]
    guard let counters else { return members }
    members += [
      ("model_epoch", counters.epoch.description), ("iteration", "\(counters.iterations)"),
      ("version", "\(counters.version)"), ("average_version", "\(counters.averageVersion)"),
      ("slot_version", "\(counters.slotVersion)"),
      ("snapshots", "\(counters.average?.count ?? 0)"), ("average_iteration", "\(counters.average?.iterations ?? 0)"),
      ("scalars", counters.scalars.map { String($0.bitPattern, radix: 16) }.joined(separator: " ")),
      ("order", Self.text(order)), ("non_trainable", Self.text(nonTrainable)),
      ("receipts", JSONConfiguration.string(of: receipts.saved)),
    ]
    return members
  }

  /// Reads the members of a checkpoint of this format version.
  init(_ members: [String: String]) throws(CheckpointError) {
    sequence = try Self.count("sequence", members)
    created = members["created"] ?? ""
    optimizer = try Self.json("optimizer", members)
    guard let epoch = members["model_epoch"] else {
      counters = nil
      receipts = RememberedReceipts()
      order = []
      nonTrainable = []
      return
    }
    let snapshots = try Self.count("snapshots", members)
    let averageIteration = try Self.count("average_iteration", members)
    var scalars: [Double] = []
    for digits in try Self.text("scalars", members).split(separator: " ") {
      guard let bits = UInt64(digits, radix: 16) else { throw .unusable("scalars: '\(digits)' is no number") }
      scalars.append(Double(bitPattern: bits))
    }
    counters = TrainedModel.Counters(
      epoch: Epoch(epoch), iterations: try Self.count("iteration", members),
      version: try Self.count("version", members), averageVersion: try Self.count("average_version", members),
      slotVersion: try Self.count("slot_version", members),
      average: snapshots == 0 ? nil : (snapshots, averageIteration), scalars: scalars)
    guard let receipts = RememberedReceipts(try Self.json("receipts", members), epoch: Epoch(epoch)) else {
      throw .unusable("__metadata__: receipts are not those of this format version")
    }
    self.receipts = receipts
    order = try Self.names("order", members)
    nonTrainable = try Self.names("non_trainable", members)
  }

  private static func text(_ names: [String]) -> String {
    JSONConfiguration.string(of: .list(names.map { .string($0) }))
  }

  private static func text(_ key: String, _ members: [String: String]) throws(CheckpointError) -> String {
    guard let text = members[key] else { throw .unusable("__metadata__ has no \(key)") }
    return text
  }

  private static func count(_ key: String, _ members: [String: String]) throws(CheckpointError) -> Int {
    let text = try text(key, members)
    guard let count = Int(text), count >= 0 else { throw .unusable("__metadata__: \(key) is '\(text)'") }
    return count
  }

  private static func json(_ key: String, _ members: [String: String]) throws(CheckpointError) -> ConfigValue {
    let text = Array(try text(key, members).utf8)
    do throws(JSONConfigurationError) {
      return try JSONConfiguration.value(of: text.span)
    } catch {
      throw .unusable("__metadata__: \(key) is \(error)")
    }
  }

  private static func names(_ key: String, _ members: [String: String]) throws(CheckpointError) -> [String] {
    guard case .list(let items) = try json(key, members) else {
      throw .unusable("__metadata__: \(key) is no list of names")
    }
    var names: [String] = []
    for item in items {
      guard case .string(let name) = item else { throw .unusable("__metadata__: \(key) is no list of names") }
      names.append(name)
    }
    return names
  }
}
