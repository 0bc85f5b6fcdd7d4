import Tensors

/// The tensors that lie in one of a model's regions.
struct TensorList: Sendable {
  /// What a region holds.
  enum Part: Sendable {
    /// Every variable in its own type.
    case variables
    /// Every variable, trainable ones in their compute types.
    case averages
    /// Trainable variables in their compute types.
    case slot
  }

  let layout: Layout
  let part: Part

  /// How many there are; they are the first entries of the layout.
  var count: Int { part == .slot ? layout.trainableCount : layout.entries.count }

  /// What a file says of the tensor of an entry.
  func tensor(_ index: Int) -> TensorDescription {
    let entry = layout.entries[index]
    let isVariable = part == .variables
    return TensorDescription(
      name: entry.variable.name, dtype: isVariable ? entry.variable.dtype : entry.computeType,
      shape: entry.variable.shape, range: isVariable ? entry.range : entry.computeRange)
  }

  /// All of them, in the order of their data.
  var tensors: [TensorDescription] { (0..<count).map(tensor) }

  /// Bytes of all of them; they follow one another.
  var byteCount: Int {
    switch part {
    case .variables: layout.byteCount
    case .averages: layout.computeByteCount
    case .slot: layout.slotByteCount
    }
  }

  /// The tensors' part of a safetensors header. Cost: none, of a slot linear in the variables.
  var headerTail: [UInt8] {
    switch part {
    case .variables: layout.headerTail
    case .averages: layout.computeHeaderTail
    case .slot: SafetensorsHeader.tail(of: tensors)
    }
  }

  /// Tensors of the list in the model's creation order. Cost: a look-up for each.
  func inCreationOrder(_ tensors: [TensorDescription]) -> [TensorDescription] {
    tensors.map { tensor in
      (layout.index(of: tensor.name).map { layout.entries[$0].creationIndex } ?? 0, tensor)
    }.sorted { $0.0 < $1.0 }.map(\.1)
  }

  /// The entry of a name; nil when none of these tensors has it.
  func index(of name: String) -> Int? {
    guard let index = layout.index(of: name), index < count else { return nil }
    return index
  }
}
