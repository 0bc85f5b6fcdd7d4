import Tensors

/// Where the tensors of a file of gradients belong, found from its header before any data has come.
///
/// Cost: one look-up for each tensor.
struct GradientPlan {
  /// Half of a sparse gradient, or both halves.
  struct SparsePart {
    var indices: TensorDescription?
    var values: TensorDescription?
  }

  let layout: Layout
  /// Indices of trainable entries with a dense gradient, ascending.
  private(set) var dense: [Int] = []
  /// Indices of non-trainable entries, ascending.
  private(set) var assigned: [Int] = []
  /// The sparse pairs, by entry in ascending order.
  private(set) var sparse: [(entry: Int, part: SparsePart)] = []

  /// The halves that came, until all are there.
  private var parts: [Int: SparsePart] = [:]

  /// Nothing yet.
  init(for layout: Layout) {
    self.layout = layout
  }

  init(_ tensors: [TensorDescription], for layout: Layout) throws(ModelError) {
    self.init(for: layout)
    for tensor in tensors { _ = try add(tensor) }
    try complete()
  }

  /// What a tensor is for an entry of the layout.
  enum Role {
    case dense
    case assigned
    case indices
    case values
  }

  /// Takes a tensor in; answers the entry that it is for.
  mutating func add(_ tensor: TensorDescription) throws(ModelError) -> (entry: Int, role: Role) {
    if let index = layout.index(of: tensor.name) {
      try Self.check(tensor, against: layout.entries[index])
      if index < layout.trainableCount {
        dense.append(index)
        return (index, .dense)
      }
      assigned.append(index)
      return (index, .assigned)
    }
    guard let (index, isIndices) = Self.sparseEntry(tensor.name, in: layout) else {
      throw .unknownVariable(tensor.name)
    }
    if isIndices {
      guard tensor.dtype == .i64 || tensor.dtype == .i32 else {
        throw .dtypeMismatch(variable: tensor.name, expected: "I32 or I64", came: tensor.dtype.rawValue)
      }
      parts[index, default: SparsePart()].indices = tensor
      return (index, .indices)
    }
    guard tensor.dtype.isFloatingPoint else {
      throw .dtypeMismatch(variable: tensor.name, expected: "F32, F64, F16 or BF16", came: tensor.dtype.rawValue)
    }
    parts[index, default: SparsePart()].values = tensor
    return (index, .values)
  }

  /// Checks that pairs fit together and that there is a gradient, once there are no more tensors.
  mutating func complete() throws(ModelError) {
    if !dense.isSorted { dense.sort() }
    if !assigned.isSorted { assigned.sort() }
    sparse = parts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    for (index, part) in sparse { try check(part, of: index) }
    guard !dense.isEmpty || !sparse.isEmpty else { throw .noGradients }
  }

  /// Where everything goes: dense gradients and new values to region 0, sparse indices and values to regions behind it.
  func placement(of tensors: [TensorDescription]) -> Placement {
    var placement = Placement()
    for tensor in tensors {
      if let index = layout.index(of: tensor.name) {
        let entry = layout.entries[index]
        placement.place(tensor, in: 0, at: entry.computeOffset, as: entry.computeType)
      } else if let position = sparse.firstIndex(where: { $0.part.indices == tensor }) {
        placement.place(tensor, in: 1 + 2 * position, at: 0, as: tensor.dtype)
      } else if let position = sparse.firstIndex(where: { $0.part.values == tensor }) {
        let type = layout.entries[sparse[position].entry].computeType
        placement.place(tensor, in: 2 + 2 * position, at: 0, as: type)
      }
    }
    return placement
  }

  private static func sparseEntry(_ name: String, in layout: Layout) -> (index: Int, isIndices: Bool)? {
    for (suffix, isIndices) in [("/indices", true), ("/values", false)] {
      guard let variable = name.dropping(suffix: suffix), let index = layout.index(of: variable) else { continue }
      if index < layout.trainableCount { return (index, isIndices) }
    }
    return nil
  }

  private static func check(_ tensor: TensorDescription, against entry: Layout.Entry) throws(ModelError) {
    let variable = entry.variable
    guard tensor.shape == variable.shape else {
      throw .shapeMismatch(variable: variable.name, expected: variable.shape, came: tensor.shape)
    }
    if variable.isTrainable {
      guard tensor.dtype.isFloatingPoint else {
        throw .dtypeMismatch(
          variable: variable.name, expected: "F32, F64, F16 or BF16", came: tensor.dtype.rawValue)
      }
    } else if tensor.dtype != variable.dtype {
      throw .dtypeMismatch(
        variable: variable.name, expected: "exactly \(variable.dtype.rawValue), because it is not trainable",
        came: tensor.dtype.rawValue)
    }
  }

  private func check(_ part: SparsePart, of index: Int) throws(ModelError) {
    let variable = layout.entries[index].variable
    guard let indices = part.indices, let values = part.values else {
      let missing = part.indices == nil ? "indices" : "values"
      throw .sparsePair(variable: variable.name, detail: "\(variable.name)/\(missing) is missing")
    }
    guard !dense.contains(index) else {
      throw .sparsePair(variable: variable.name, detail: "a dense gradient came as well")
    }
    guard !variable.shape.isEmpty else {
      throw .sparsePair(variable: variable.name, detail: "a scalar has no rows")
    }
    guard indices.shape.count == 1 else {
      throw .shapeMismatch(variable: indices.name, expected: [values.shape.first ?? 0], came: indices.shape)
    }
    let expected = indices.shape + variable.shape.dropFirst()
    guard values.shape == expected else {
      throw .shapeMismatch(variable: values.name, expected: expected, came: values.shape)
    }
  }
}

extension [Int] {
  /// Whether elements ascend.
  var isSorted: Bool { zip(self, dropFirst()).allSatisfy { $0 < $1 } }
}
