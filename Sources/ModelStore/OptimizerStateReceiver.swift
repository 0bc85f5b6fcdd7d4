import Optimizers
public import Tensors

/// Takes a list of optimizer state as it arrives: what get_weights gave, read by the ordinals of its names.
public struct OptimizerStateReceiver: BodyReceiver {
  private var file: TensorFileReceiver
  private var placer: OptimizerStatePlacer

  /// Takes the state that a listing names; `format` is nil for the one that the first bytes tell.
  public init(
    of expected: OptimizerListing, format: TensorFileFormat? = nil, totalByteCount: Int?, pool: RegionPool
  ) {
    file = TensorFileReceiver(format, totalByteCount: totalByteCount)
    placer = OptimizerStatePlacer(expected: expected, pool: pool)
  }

  /// Takes the next bytes: `fill` writes to the front of the memory where they belong and returns how many.
  public mutating func receive(_ fill: (inout MutableSpan<UInt8>) -> Int) throws(BodyError) {
    try file.receive(fill, placing: &placer)
  }

  /// The state, once the last byte has come.
  public mutating func finish() throws(BodyError) -> SavedOptimizerState {
    let regions = try file.finish(placing: &placer)
    let expected = placer.expected
    let scalarType = expected.layout.scalarType
    let iterations = regions[0].withElements(of: Int64.self, at: 0, count: 1) { Int($0[0]) }
    guard 0...SavedOptimizerState.largestCount ~= iterations else {
      throw .model(
        .configuration(
          ConfigurationError(
            field: "iterations", allowed: "an integer from 0 to \(SavedOptimizerState.largestCount)",
            came: "\(iterations)")))
    }
    let scalars = expected.scalarNames.indices.map { index in
      let offset = 8 + index * scalarType.byteCount
      return scalarType == .f64
        ? regions[0].withElements(of: Double.self, at: offset, count: 1) { $0[0] }
        : regions[0].withElements(of: Float.self, at: offset, count: 1) { Double($0[0]) }
    }
    return SavedOptimizerState(
      layout: expected.layout, iterations: iterations, scalars: scalars, average: regions[1],
      snapshots: placer.snapshots, slotNames: expected.slotNames, slots: Array(regions.dropFirst(2)))
  }
}

/// Places a list of optimizer state: what stands in front in region 0, averages in 1, each slot in one of its own.
private struct OptimizerStatePlacer: TensorPlacer {
  let expected: OptimizerListing
  private let pool: RegionPool
  private let items: [OptimizerListing.Item]
  /// Which items have come.
  private var seen: [Bool]
  private(set) var snapshots: Int?

  init(expected: OptimizerListing, pool: RegionPool) {
    self.expected = expected
    self.pool = pool
    items = expected.items
    seen = [Bool](repeating: false, count: items.count)
  }

  mutating func place(_ tensor: TensorDescription, in intake: inout TensorIntake) throws(BodyError) {
    guard let ordinal = Self.ordinal(of: tensor.name), items.indices.contains(ordinal), !seen[ordinal] else {
      throw .model(
        .invalidState(
          item: tensor.name,
          expected: "names 0000/… to \(OptimizerListing.digits(of: items.count - 1))/…, each once, by ordinal"))
    }
    let item = items[ordinal]
    guard tensor.shape == item.shape else {
      throw .model(.shapeMismatch(variable: tensor.name, expected: item.shape, came: tensor.shape))
    }
    let isFitting = item.dtype.isFloatingPoint ? tensor.dtype.isFloatingPoint : tensor.dtype == item.dtype
    guard isFitting else {
      throw .model(
        .dtypeMismatch(variable: tensor.name, expected: item.dtype.rawValue, came: tensor.dtype.rawValue))
    }
    seen[ordinal] = true
    if intake.regions.isEmpty { try addRegions(to: &intake) }
    let (region, offset) = target(of: item.place)
    intake.place(tensor, in: region, at: offset, as: item.dtype)
  }

  mutating func complete(metadata: [String: String], in intake: inout TensorIntake) throws(BodyError) {
    if let missing = seen.firstIndex(of: false) {
      throw .model(.invalidState(item: items[missing].name, expected: "a tensor numbered \(missing) for it"))
    }
    if let text = metadata["snapshots"] {
      guard let count = Int(text), 0...SavedOptimizerState.largestCount ~= count else {
        throw .metadata(key: "snapshots", detail: "expected a number of snapshots, got \(text)")
      }
      snapshots = count
    }
  }

  /// The number that a name begins with, or that `numpy.savez` gives to arrays without a name.
  private static func ordinal(of name: String) -> Int? {
    Int(name.hasPrefix("arr_") ? name.dropFirst(4) : name.prefix { $0 != "/" })
  }

  private func target(of place: OptimizerListing.Item.Place) -> (region: Int, offset: Int) {
    switch place {
    case .iterations: (0, 0)
    case .scalar(let index): (0, 8 + index * expected.layout.scalarType.byteCount)
    case .average(let entry): (1, expected.layout.entries[entry].computeOffset)
    case .slot(let index, let entry): (2 + index, expected.layout.entries[entry].computeOffset)
    }
  }

  private func addRegions(to intake: inout TensorIntake) throws(BodyError) {
    let layout = expected.layout
    let byteCounts =
      [expected.headByteCount, layout.computeByteCount] + expected.slotNames.map { _ in layout.slotByteCount }
    for byteCount in byteCounts { _ = try intake.add(byteCount: byteCount, from: pool) }
  }
}

/// Optimizer state to go on from.
public struct SavedOptimizerState: Sendable {
  /// The most steps and snapshots that can be set: JSON's readers agree on integers up to 2⁵³, and nobody takes as many
  /// steps again as would overflow.
  static let largestCount = 1 << 53

  /// The layout of the model that it is for.
  public let layout: Layout
  /// Steps taken.
  public let iterations: Int
  /// The rule's numbers, in its order.
  public let scalars: [Double]
  /// Averages in the compute places of trainable variables; unspecified elsewhere.
  public let average: Region
  /// Snapshots in the average; nil when the optimizer's own schedule is to say.
  public let snapshots: Int?
  /// The names of the slots.
  public let slotNames: [String]
  /// Their regions, in the same order.
  public let slots: [Region]
}
