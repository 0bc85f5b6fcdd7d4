import Optimizers
import Tensors

/// Changes of values and of the optimizer other than its step.
extension TrainedModel {
  /// Replaces all values.
  mutating func replace(layout: Layout, values: Region) throws(ModelError) {
    guard layout === self.layout else {
      throw .epochMismatch(came: "values for a model that is gone", expected: epoch.description)
    }
    variables = values
    version += 1
  }

  /// Sets trainable variables to their averages and returns their names in creation order.
  mutating func assignAverage(_ names: [String]?) throws(ModelError) -> [String] {
    guard let average else { throw .noAverage }
    var chosen: [Int] = []
    if let names {
      for name in names {
        guard let index = layout.index(of: name) else { throw .unknownVariable(name) }
        guard index < layout.trainableCount else {
          throw .invalidTrainable(variable: name, detail: "it is not trainable, so it has no average")
        }
        chosen.append(index)
      }
    } else {
      chosen = layout.creationOrder.filter { $0 < layout.trainableCount }
    }
    for index in chosen {
      let entry = layout.entries[index]
      if entry.computeType == entry.variable.dtype {
        variables.copyBytes(from: average.values, in: entry.computeRange, to: entry.offset)
      } else {
        variables.convertElements(
          from: average.values, entry.computeType, at: entry.computeOffset, count: entry.variable.elementCount,
          to: entry.variable.dtype, at: entry.offset)
      }
    }
    version += 1
    return chosen.map { layout.entries[$0].variable.name }
  }

  /// Drops the average; averaging starts anew.
  mutating func dropAverage() throws(ModelError) {
    guard average != nil else { throw .noAverage }
    average = nil
  }

  /// Replaces values of non-trainable variables in the averages and returns the averages' new stamp.
  ///
  /// Cost: the values, and a copy of the averages while a reader holds them.
  mutating func setAveragedBuffers(_ buffers: BufferValues) throws(ModelError) -> VersionStamp {
    guard let current = averageStamp else { throw .noAverage }
    guard buffers.layout === layout else {
      throw .epochMismatch(came: "values for a model that is gone", expected: epoch.description)
    }
    if let expected = buffers.average, expected != current { throw .preconditionFailed }
    guard var changed = average.take() else { throw .noAverage }
    for index in buffers.assigned {
      let entry = layout.entries[index]
      changed.values.copyBytes(from: buffers.values, in: entry.computeRange, to: entry.computeOffset)
    }
    average = changed
    averageVersion += 1
    return averageStamp ?? current
  }

  /// Starts with fresh state in a new epoch.
  mutating func reset(for rule: any Rule, epoch: Epoch) throws(ModelError) {
    slots = try Self.freshSlots(of: rule, layout: layout, pool: variables.pool)
    scalars = rule.initialScalars.map(\.value)
    self.epoch = epoch
    average = nil
    averageVersion = 0
    iterations = 0
    version = 1
    slotVersion = 1
  }

  /// Keeps the slots that both rules have, adds the new one's, drops the rest.
  mutating func adoptSlots(of rule: any Rule, from old: any Rule) throws(ModelError) {
    guard rule.slotNames != old.slotNames else { return }
    slotVersion += 1
    var adopted: [Region] = []
    for name in rule.slotNames {
      if let index = old.slotNames.firstIndex(of: name) {
        adopted.append(slots[index])
      } else {
        let value = rule.initialValue(ofSlotNamed: name)
        adopted.append(try Self.freshSlot(value, layout: layout, pool: variables.pool))
      }
    }
    slots = adopted
  }
}
