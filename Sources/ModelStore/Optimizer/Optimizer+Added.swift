import Locks
public import Tensors

/// State that a program keeps beside the rule's own. No rule reads it: a rule that needs more declares it in `Rule.slots`
/// or `Rule.initialScalars`, and the server keeps it with the model.
extension Optimizer {
  /// Adds a slot of a variable (`add_slot`), or changes the one that was added; by default zeros of its shape.
  ///
  /// It is listed by `slotNames`, `weights` and `variables` behind the optimizer's own.
  @discardableResult
  public func addSlot(
    named name: String, for variable: String, initialValue: Tensor? = nil
  ) throws -> Tensor {
    let state = try model.optimizerState()
    guard let index = state.layout.index(of: variable), index < state.layout.trainableCount else {
      throw ModelError.unknownVariable(variable)
    }
    guard name != "average", !state.slots.contains(where: { $0.name == name }) else {
      throw OptimizerError.nameTaken(name)
    }
    let entry = state.layout.entries[index]
    let value = initialValue ?? .zeros(entry.computeType, entry.variable.shape)
    guard value.shape == entry.variable.shape else {
      throw ModelError.shapeMismatch(variable: variable, expected: entry.variable.shape, came: value.shape)
    }
    added.withLock { added in
      let slot = added.slots.firstIndex { $0.name == name }
      if slot == nil { added.slots.append((name, [:])) }
      added.slots[slot ?? added.slots.count - 1].values[variable] = value
    }
    return value
  }

  /// Adds a weight of the optimizer's own (`add_weight`), or changes the one that was added.
  @discardableResult
  public func addWeight(named name: String, initialValue: Tensor) throws -> Tensor {
    try added.withLock { added in
      guard let index = added.weights.firstIndex(where: { $0.name == name }) else {
        return added.weights.append((name, initialValue))
      }
      guard added.weights[index].value.shape == initialValue.shape else { throw OptimizerError.nameTaken(name) }
      added.weights[index].value = initialValue
    }
    return initialValue
  }

  /// What was added: slots in the order of their names' first use and of the variables' creation, then weights.
  var addedVariables: [(name: String, value: Tensor)] {
    let names = trainableNames
    return added.withLock { added in
      let slots = added.slots.flatMap { slot in
        names.compactMap { name in slot.values[name].map { ("\(slot.name)/\(name)", $0) } }
      }
      return slots + added.weights
    }
  }

  /// Sets what `addedVariables` lists.
  func setAdded(_ values: [Tensor]) {
    let names = trainableNames
    var rest = values[...]
    added.withLock { added in
      for index in added.slots.indices {
        for name in names where added.slots[index].values[name] != nil {
          added.slots[index].values[name] = rest.popFirst()
        }
      }
      for index in added.weights.indices {
        if let value = rest.popFirst() { added.weights[index].value = value }
      }
    }
  }
}
