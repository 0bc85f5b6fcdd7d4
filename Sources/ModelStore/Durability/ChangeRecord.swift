import Optimizers
import Tensors

/// A change as the journal keeps it: fields, and data that is written from where it lies.
struct ChangeRecord: Sendable {
  /// What the fields and data mean. Numbers are never given another meaning.
  enum Kind: UInt8, Sendable {
    case create = 1
    case replace = 2
    case drop = 3
    case push = 4
    case assignAverage = 5
    case dropAverage = 6
    case setOptimizer = 7
    case setOptimizerState = 8
    case patchOptimizer = 9
    case restore = 10
    case setAveragedBuffers = 11
  }

  /// Bytes of a region.
  struct Piece: Sendable {
    let region: Region
    let range: Range<Int>
  }

  let kind: Kind
  let fields: [UInt8]
  let data: [Piece]

  /// Bytes of fields and data.
  var byteCount: Int { data.reduce(fields.count) { $0 + $1.range.count } }

  private init(_ kind: Kind, _ fields: FieldWriter = FieldWriter(), _ data: [Piece] = []) {
    self.kind = kind
    self.fields = fields.bytes
    self.data = data
  }
}

extension ChangeRecord {
  /// The record of a change. Cost: independent of the model's size, as data is not copied.
  init(of change: Change, registry: Registry) {
    var fields = FieldWriter()
    switch change {
    case .create(let layout, let values, let epoch):
      fields.append(epoch.description)
      fields.append(layout.variables) { $0.append($1) }
      self.init(.create, fields, [Piece(region: values, range: 0..<layout.byteCount)])
    case .replace(let layout, let values):
      self.init(.replace, fields, [Piece(region: values, range: 0..<layout.byteCount)])
    case .drop:
      self.init(.drop)
    case .push(let push):
      fields.append(push)
      self.init(.push, fields, push.gradient.pieces)
    case .assignAverage(let names):
      fields.append(names) { $0.append($1) { $0.append($1) } }
      self.init(.assignAverage, fields)
    case .dropAverage:
      self.init(.dropAverage)
    case .setAveragedBuffers(let buffers):
      fields.append(ascending: buffers.assigned)
      self.init(.setAveragedBuffers, fields, buffers.layout.pieces(of: buffers.assigned, in: buffers.values))
    case .setOptimizer(let optimizer, let epoch):
      fields.append(JSONConfiguration.string(of: registry.print(optimizer)))
      fields.append(epoch.description)
      self.init(.setOptimizer, fields)
    case .setOptimizerState(let state, let epoch):
      fields.append(epoch.description)
      fields.append(state.iterations)
      fields.append(state.scalars) { $0.append($1) }
      fields.append(state.snapshots) { $0.append($1) }
      fields.append(state.slotNames) { $0.append($1) }
      let trainable = 0..<state.layout.slotByteCount
      self.init(
        .setOptimizerState, fields,
        ([state.average] + state.slots).map { Piece(region: $0, range: trainable) })
    case .patchOptimizer(let patch):
      fields.append(JSONConfiguration.string(of: patch))
      self.init(.patchOptimizer, fields)
    case .restore(let state, let epoch):
      fields.append(epoch.description)
      fields.append(state.state, registry: registry)
      self.init(.restore, fields, state.state.pieces)
    }
  }
}

extension Change {
  /// The change as it will be read from its record: an optimizer is what its configuration says, which throws when no
  /// client could name it.
  func asRecorded(by registry: Registry) throws(ModelError) -> Change {
    guard case .setOptimizer(let optimizer, let epoch) = self else { return self }
    do throws(ConfigurationError) {
      return .setOptimizer(try registry.optimizer(from: registry.print(optimizer)).optimizer, epoch: epoch)
    } catch {
      throw .configuration(error)
    }
  }
}

extension FieldWriter {
  fileprivate mutating func append(_ variable: Variable) {
    append(variable.name)
    append(variable.dtype.rawValue)
    append(variable.shape) { $0.append($1) }
    append(variable.isTrainable)
  }

  /// A push: data follows for its dense gradients and new values, then indices and values of each sparse gradient.
  fileprivate mutating func append(_ push: Push) {
    append(push.base.iteration) { $0.append($1) }
    append(push.base.epoch) { $0.append($1.description) }
    append(push.base.stalenessPolicy)
    append(push.identities) { writer, identity in
      writer.append(identity.key.text)
      writer.append(identity.body.byteCount)
      writer.append(identity.body.checksum.value)
      writer.append(identity.seconds)
    }
    append(push.gradient.norm)
    append(ascending: push.gradient.dense)
    append(ascending: push.gradient.assigned)
    append(push.gradient.sparse) { writer, sparse in
      writer.append(sparse.entry)
      writer.append(sparse.received.rows) { $0.append($1) }
    }
  }

  fileprivate mutating func append(_ policy: StalenessPolicy) {
    let (name, limit): (String, Int) =
      switch policy {
      case .accept: ("accept", 0)
      case .reject(let limit): ("reject", limit)
      case .scale: ("scale", 0)
      }
    append(name)
    append(limit)
  }

  /// A whole state: data follows for the variables, each slot and the average.
  fileprivate mutating func append(_ state: ModelState, registry: Registry) {
    append(JSONConfiguration.string(of: registry.print(state.optimizer)))
    append(state.trained) { writer, model in
      writer.append(model.layout.variables) { $0.append($1) }
      writer.append(model.counters)
    }
  }

  fileprivate mutating func append(_ counters: TrainedModel.Counters) {
    append(counters.epoch.description)
    append(counters.iterations)
    append(counters.version)
    append(counters.averageVersion)
    append(counters.slotVersion)
    append(counters.average) { writer, average in
      writer.append(average.count)
      writer.append(average.iterations)
    }
    append(counters.scalars) { $0.append($1) }
  }
}

extension Layout {
  /// The bytes of some entries in their compute places.
  fileprivate func pieces(of indices: [Int], in region: Region) -> [ChangeRecord.Piece] {
    computeRanges(of: indices).map { ChangeRecord.Piece(region: region, range: $0) }
  }
}

extension Gradient {
  /// Dense gradients and new values, then the values of each sparse gradient, all in their compute types.
  fileprivate var pieces: [ChangeRecord.Piece] {
    layout.pieces(of: dense + assigned, in: values)
      + sparse.map { ChangeRecord.Piece(region: $0.received.values, range: 0..<$0.received.values.byteCount) }
  }
}

extension ModelState {
  /// Variables, slots and average, each as it lies in memory.
  var pieces: [ChangeRecord.Piece] {
    guard let trained else { return [] }
    let layout = trained.layout
    var pieces = [ChangeRecord.Piece(region: trained.variables, range: 0..<layout.byteCount)]
    for slot in trained.slots { pieces.append(ChangeRecord.Piece(region: slot, range: 0..<layout.slotByteCount)) }
    if let average = trained.average {
      pieces.append(ChangeRecord.Piece(region: average.values, range: 0..<layout.computeByteCount))
    }
    return pieces
  }
}
