import Optimizers
import Tensors

/// Variables, what the optimizer remembers of them, and their average.
struct TrainedModel: Sendable {
  let layout: Layout
  var epoch: Epoch {
    didSet { receipts = RememberedReceipts() }
  }
  var variables: Region
  /// The rule's slots in use, in its order.
  var slots: [Region]
  /// The rule's own numbers, in its order.
  var scalars: [Double]
  var average: Average?
  var iterations = 0
  var version = 1
  /// Goes on counting when an average is dropped, so that no two averages share a version.
  var averageVersion = 0
  /// Counts the changes of slots in the epoch.
  var slotVersion = 1
  /// Of this epoch's pushes with a key.
  var receipts = RememberedReceipts()

  struct Average: Sendable {
    var values: Region
    var count: Int
    var iterations: Int
  }

  init(layout: Layout, values: Region, epoch: Epoch, rule: any Rule) throws(ModelError) {
    self.layout = layout
    self.epoch = epoch
    variables = values
    scalars = rule.initialScalars.map(\.value)
    slots = try Self.freshSlots(of: rule, layout: layout, pool: values.pool)
  }

  static func freshSlots(of rule: any Rule, layout: Layout, pool: RegionPool) throws(ModelError) -> [Region] {
    var slots: [Region] = []
    for name in rule.slotNames {
      slots.append(try freshSlot(rule.initialValue(ofSlotNamed: name), layout: layout, pool: pool))
    }
    return slots
  }

  /// A slot of every trainable variable at one value.
  static func freshSlot(_ value: Double, layout: Layout, pool: RegionPool) throws(ModelError) -> Region {
    do {
      var slot = try Region.zeros(byteCount: layout.slotByteCount, pool: pool)
      guard value != 0 else { return slot }
      for entry in layout.entries.prefix(layout.trainableCount) {
        let count = entry.variable.elementCount
        if entry.computeType == .f64 {
          slot.withMutableElements(of: Double.self, at: entry.computeOffset, count: count) { $0.fill(with: value) }
        } else {
          slot.withMutableElements(of: Float.self, at: entry.computeOffset, count: count) {
            $0.fill(with: Float(value))
          }
        }
      }
      return slot
    } catch {
      throw .outOfMemory(byteCount: layout.slotByteCount)
    }
  }

  /// Which weights are there now.
  var stamp: VersionStamp { VersionStamp(epoch: epoch, iterations: iterations, version: version) }

  /// The weights as they are now.
  var weights: WeightsVersion {
    WeightsVersion(kind: .current, layout: layout, values: variables, stamp: stamp)
  }

  /// What the rule remembers now.
  func optimizerState(of rule: any Rule) -> OptimizerState {
    OptimizerState(
      listing: OptimizerListing(layout: layout, rule: rule), stamp: stamp,
      slotStamp: slotStamp,
      scalars: zip(rule.initialScalars, scalars).map { RuleScalar(name: $0.name, value: $1) },
      slots: zip(rule.slotNames, slots).map { OptimizerState.Slot(name: $0, values: $1) },
      average: averagedWeights)
  }

  /// The average as it is now.
  var averagedWeights: WeightsVersion? {
    guard let average, let averageStamp else { return nil }
    return WeightsVersion(
      kind: .averaged(snapshots: average.count), layout: layout, values: average.values, stamp: averageStamp)
  }

  /// Which average is there now.
  var slotStamp: VersionStamp { VersionStamp(epoch: epoch, iterations: iterations, version: slotVersion) }

  var averageStamp: VersionStamp? {
    average.map { VersionStamp(epoch: epoch, iterations: $0.iterations, version: averageVersion) }
  }
}

extension MutableSpan where Element: Copyable {
  /// Sets all elements to one value.
  mutating func fill(with value: Element) {
    for index in indices { self[index] = value }
  }
}
