public import Tensors

/// What tensors must be to make a model, or to replace its values.
extension Layout {
  /// The layout of a new model, whose creation order is the tensors' own unless `order` names another.
  public convenience init(
    creating tensors: [TensorDescription], order: [String]?, nonTrainable: [String]
  ) throws(ModelError) {
    let named = Dictionary(tensors.map { (NameKey($0.name), $0) }, uniquingKeysWith: { first, _ in first })
    let untrained = Set(nonTrainable.map(NameKey.init))
    for name in nonTrainable where named[NameKey(name)] == nil { throw .unknownVariable(name) }
    var variables: [Variable] = []
    variables.reserveCapacity(tensors.count)
    for tensor in try Self.ordered(tensors, named, by: order) {
      // A body may hold longer names, such as those of slots.
      guard TensorDescription.isValid(name: tensor.name) else {
        throw .invalidName(tensor.name, detail: "expected 1 to 512 bytes without commas and control characters")
      }
      for suffix in ["/indices", "/values"] where named[NameKey(tensor.name + suffix)] != nil {
        throw .invalidName(
          tensor.name + suffix, detail: "it would be mistaken for half of a sparse gradient of \(tensor.name)")
      }
      variables.append(
        Variable(
          name: tensor.name, dtype: tensor.dtype, shape: tensor.shape,
          isTrainable: tensor.dtype.isFloatingPoint && !untrained.contains(NameKey(tensor.name))))
    }
    self.init(variables)
  }

  /// Checks that tensors have the names, shapes and types of this layout's variables, in any order.
  public func check(_ tensors: [TensorDescription]) throws(ModelError) {
    for tensor in tensors { _ = try check(tensor) }
    try checkCompleteness(of: tensors)
  }

  /// Checks that a tensor has the name, shape and type of a variable, and answers the index of its entry.
  func check(_ tensor: TensorDescription) throws(ModelError) -> Int {
    guard let index = index(of: tensor.name) else {
      throw .modelMismatch(variable: tensor.name, expected: "no variable of this name", came: "one")
    }
    let variable = entries[index].variable
    guard tensor.dtype == variable.dtype, tensor.shape == variable.shape else {
      throw .modelMismatch(
        variable: tensor.name, expected: "\(variable.dtype.rawValue) \(variable.shape)",
        came: "\(tensor.dtype.rawValue) \(tensor.shape)")
    }
    return index
  }

  /// Checks that among tensors that are this layout's variables none is missing.
  func checkCompleteness(of tensors: [TensorDescription]) throws(ModelError) {
    guard tensors.count < entries.count else { return }
    let names = Set(tensors.map { NameKey($0.name) })
    let missing = variables.first { !names.contains(NameKey($0.name)) }
    throw .modelMismatch(variable: missing?.name ?? "", expected: "a value for it", came: "none")
  }

  private static func ordered(
    _ tensors: [TensorDescription], _ named: [NameKey: TensorDescription], by order: [String]?
  ) throws(ModelError) -> [TensorDescription] {
    guard let order else { return tensors }
    var ordered: [TensorDescription] = []
    var seen: Set<NameKey> = []
    for name in order {
      guard let tensor = named[NameKey(name)] else { throw .unknownVariable(name) }
      guard seen.insert(NameKey(name)).inserted else { throw .invalidName(name, detail: "the order names it twice") }
      ordered.append(tensor)
    }
    guard ordered.count == tensors.count else {
      let missing = tensors.first { !seen.contains(NameKey($0.name)) }
      throw .invalidName(missing?.name ?? "", detail: "the order leaves it out")
    }
    return ordered
  }
}
