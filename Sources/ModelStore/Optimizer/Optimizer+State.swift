import Locks
import Optimizers
public import Tensors

/// What the optimizer remembers: slots, and the list that `get_weights` gives.
extension Optimizer {
  /// The names of all slots: the average, the rule's, and those that were added.
  public var slotNames: [String] {
    ["average"] + model.status.optimizer.inner.slotNames + added.withLock { $0.slots.map(\.name) }
  }

  /// A slot of a variable (`get_slot`), such as `average` or `momentum`; shares the state's memory.
  ///
  /// Throws `noAverage` for the average before the first snapshot, where TensorFlow Addons gives zeros.
  public func slot(named name: String, for variable: String) throws(ModelError) -> Tensor {
    let state = try model.optimizerState()
    guard let entry = state.layout.index(of: variable), entry < state.layout.trainableCount else {
      throw .unknownVariable(variable)
    }
    if name == "average" {
      guard let average = state.average else { throw .noAverage }
      return try average.tensor(named: variable)
    }
    if let slot = state.slots.firstIndex(where: { $0.name == name }) {
      return state.tensor(at: .slot(slot, entry: entry), like: state.layout.entries[entry])
    }
    if let value = added.withLock({ $0.slots.first { $0.name == name }?.values[variable] }) { return value }
    throw .noSlot(name: name, slots: slotNames)
  }

  /// The state as `get_weights` lists it: iterations, the rule's own numbers, the averages (zeros before the first
  /// snapshot), the slots, then what was added. Cost: no copy of slots and averages.
  public var weights: [Tensor] {
    get throws(ModelError) { try variables.map(\.value) }
  }

  /// The same with names, such as `iterations`, `average/w` or `m/w`: the optimizer's variables, not the model's.
  public var variables: [(name: String, value: Tensor)] {
    get throws(ModelError) {
      let state = try model.optimizerState()
      return try state.listing.items.map { item throws(ModelError) in (item.name, try state.tensor(of: item)) }
        + addedVariables
    }
  }

  /// Goes on from a list that `weights` gave (`set_weights`); the model's variables stay.
  ///
  /// - Parameters:
  ///   - weights: as many tensors, of the same shapes, in the same order.
  ///   - snapshots: how many are in the averages; nil for as many as the optimizer takes before that iteration.
  /// - Throws: what `PUT /v1/optimizer/weights` would be refused for, and `OptimizerError`.
  public func setWeights(_ weights: [Tensor], snapshots: Int? = nil) throws {
    let state = try model.optimizerState()
    let names = state.descriptions.map(\.name)
    let extra = addedVariables
    guard weights.count == names.count + extra.count else {
      throw OptimizerError.weightCount(expected: names.count + extra.count, came: weights.count)
    }
    for ((name, value), came) in zip(extra, weights.dropFirst(names.count)) where came.shape != value.shape {
      throw ModelError.shapeMismatch(variable: name, expected: value.shape, came: came.shape)
    }
    var stream = TensorStream(
      zip(names, weights).map { ($0, $1) }, metadata: snapshots.map { [("snapshots", "\($0)")] } ?? [])
    var receiver = OptimizerStateReceiver(of: state.listing, totalByteCount: stream.byteCount, pool: model.pool)
    try stream.feed { (fill) throws(BodyError) in try receiver.receive(fill) }
    _ = try model.apply(.setOptimizerState(try receiver.finish(), epoch: .random()))
    setAdded(Array(weights.dropFirst(names.count)))
  }
}

extension OptimizerState {
  /// An item's elements.
  func tensor(of item: OptimizerListing.Item) throws(ModelError) -> Tensor {
    switch item.place {
    case .iterations: Tensor(integers: [Int64(stamp.iterations)], shape: [])
    case .scalar(let index):
      item.dtype == .f64
        ? Tensor(doubles: [scalars[index].value], shape: []) : Tensor([Float(scalars[index].value)], shape: [])
    case .average(let entry), .slot(_, let entry): tensor(at: item.place, like: layout.entries[entry])
    }
  }

  /// The elements of a slot or an average; zeros where there is no average.
  func tensor(at place: OptimizerListing.Item.Place, like entry: Layout.Entry) -> Tensor {
    let values: Region? =
      switch place {
      case .slot(let index, _): slots[index].values
      case .average: average?.values
      case .iterations, .scalar: nil
      }
    guard let values else { return .zeros(entry.computeType, entry.variable.shape) }
    return Tensor(dtype: entry.computeType, shape: entry.variable.shape, in: values, at: entry.computeOffset)
  }
}
