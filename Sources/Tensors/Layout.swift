/// Which variable lies where in a region: trainable ones first, wider types first, then in creation order, so that
/// everything is aligned and the trainable part is one piece.
///
/// Gradients, slots and averages of the same model lie in its `compute` layout: the same order, halves widened to
/// float32.
public final class Layout: Sendable {
  /// One variable and its place.
  public struct Entry: Sendable {
    /// The variable.
    public let variable: Variable
    /// Where its first byte lies in a region of the model.
    public let offset: Int
    /// Where its first byte lies in a region of gradients or averages.
    public let computeOffset: Int
    /// Its place in creation order.
    public let creationIndex: Int

    /// The variable's bytes in a region of the model.
    public var range: Range<Int> { offset..<offset + variable.byteCount }

    /// The variable's type in gradients and averages: wider than its own for trainable halves.
    public var computeType: DType { variable.isTrainable ? variable.dtype.computeType : variable.dtype }

    /// The variable's bytes in a region of gradients or averages.
    public var computeRange: Range<Int> {
      computeOffset..<computeOffset + variable.elementCount * computeType.byteCount
    }
  }

  /// The entries in the order of their bytes.
  public let entries: [Entry]
  /// Indices into `entries` in creation order.
  public let creationOrder: [Int]
  /// Bytes of a region of the model.
  public let byteCount: Int
  /// Bytes of the trainable part, which comes first.
  public let trainableByteCount: Int
  /// Bytes of a region of gradients or averages, non-trainable variables included.
  public let computeByteCount: Int
  /// Bytes of a slot: the trainable part in its compute types.
  public let slotByteCount: Int
  /// How many entries are trainable; they come first.
  public let trainableCount: Int
  /// Elements of all variables.
  public let elementCount: Int
  /// The tensors' part of a safetensors header of the model's values (`SafetensorsHeader.tail`).
  public let headerTail: [UInt8]
  /// The same of averages.
  public let computeHeaderTail: [UInt8]
  /// What a file's metadata must say so that the same layout is created from it: the creation order where it is not the
  /// order of the bytes, and the floating-point variables that are not trained.
  public let creationMetadata: [(String, String)]
  private let indices: [NameKey: Int]

  /// Lays variables out that are given in creation order. Names must be distinct. Cost: O(n log n) in variables.
  public init(_ variables: [Variable]) {
    let order = variables.indices.sorted { Self.comesBefore(variables[$0], $0, variables[$1], $1) }
    var entries: [Entry] = []
    entries.reserveCapacity(order.count)
    var offset = 0
    var computeOffset = 0
    var trainableByteCount = 0
    var slotByteCount = 0
    var trainableCount = 0
    var creationOrder = [Int](repeating: 0, count: order.count)
    for creationIndex in order {
      let entry = Entry(
        variable: variables[creationIndex], offset: offset, computeOffset: computeOffset, creationIndex: creationIndex)
      creationOrder[creationIndex] = entries.count
      entries.append(entry)
      offset = entry.range.upperBound
      computeOffset = entry.computeRange.upperBound
      if entry.variable.isTrainable {
        trainableCount += 1
        trainableByteCount = offset
        slotByteCount = computeOffset
      }
    }
    self.entries = entries
    self.creationOrder = creationOrder
    byteCount = offset
    elementCount = variables.reduce(0) { $0 + $1.elementCount }
    computeByteCount = computeOffset
    self.trainableByteCount = trainableByteCount
    self.slotByteCount = slotByteCount
    self.trainableCount = trainableCount
    creationMetadata = Self.creationMetadata(of: variables, isInOrder: order.elementsEqual(variables.indices))
    headerTail = SafetensorsHeader.tail(of: Self.descriptions(of: entries))
    computeHeaderTail =
      byteCount == computeByteCount
      ? headerTail : SafetensorsHeader.tail(of: Self.computeDescriptions(of: entries))
    indices = Dictionary(
      entries.enumerated().map { (NameKey($1.variable.name), $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The index in `entries` of the variable with this name.
  public func index(of name: String) -> Int? { indices[NameKey(name)] }

  /// The variables in creation order.
  public var variables: [Variable] { creationOrder.map { entries[$0].variable } }

  /// What a file of the model's values says of its tensors.
  public var descriptions: [TensorDescription] { Self.descriptions(of: entries) }

  /// What a file of averages says of its tensors.
  public var computeDescriptions: [TensorDescription] { Self.computeDescriptions(of: entries) }

  /// The creation metadata of a file of some entries, given in the order of its data.
  public func creationMetadata(of indices: [Int]) -> [(String, String)] {
    let created = indices.sorted { entries[$0].creationIndex < entries[$1].creationIndex }
    return Self.creationMetadata(of: created.map { entries[$0].variable }, isInOrder: created == indices)
  }

  private static func creationMetadata(of variables: [Variable], isInOrder: Bool) -> [(String, String)] {
    var metadata: [(String, String)] = []
    if !isInOrder { metadata.append(("order", jsonList(variables))) }
    let untrained = variables.filter { !$0.isTrainable && $0.dtype.isFloatingPoint }
    if !untrained.isEmpty { metadata.append(("non_trainable", jsonList(untrained))) }
    return metadata
  }

  private static func jsonList(_ variables: [Variable]) -> String {
    var text: [UInt8] = []
    for variable in variables {
      text.append(UInt8(ascii: text.isEmpty ? "[" : ","))
      text.append(jsonString: variable.name)
    }
    text.append(UInt8(ascii: "]"))
    return String(decoding: text, as: UTF8.self)
  }

  private static func descriptions(of entries: [Entry]) -> [TensorDescription] {
    entries.map {
      TensorDescription(name: $0.variable.name, dtype: $0.variable.dtype, shape: $0.variable.shape, range: $0.range)
    }
  }

  private static func computeDescriptions(of entries: [Entry]) -> [TensorDescription] {
    entries.map {
      TensorDescription(
        name: $0.variable.name, dtype: $0.computeType, shape: $0.variable.shape, range: $0.computeRange)
    }
  }

  private static func comesBefore(_ a: Variable, _ indexOfA: Int, _ b: Variable, _ indexOfB: Int) -> Bool {
    if a.isTrainable != b.isTrainable { return a.isTrainable }
    if a.dtype.byteCount != b.dtype.byteCount { return a.dtype.byteCount > b.dtype.byteCount }
    return indexOfA < indexOfB
  }
}
