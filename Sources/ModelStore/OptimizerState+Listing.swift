import Optimizers
public import Tensors

/// The state as Keras's get_weights lists it: iterations, the rule's numbers, the averages, the slots.
extension OptimizerState {
  /// One tensor of the list.
  public struct Item: Sendable {
    /// What it is, such as `iterations`, `average/w` or `m/w`.
    public let name: String
    /// Its elements' type.
    public let dtype: DType
    /// Its shape.
    public let shape: [Int]
    /// Where its bytes lie.
    public let place: Place

    /// What holds an item's bytes.
    public enum Place: Sendable, Equatable {
      /// The number of steps, an I64 scalar.
      case iterations
      /// One of the rule's numbers.
      case scalar(Int)
      /// The average of an entry of the layout.
      case average(entry: Int)
      /// A slot of an entry of the layout.
      case slot(Int, entry: Int)
    }
  }

  /// The list, in the order of get_weights: variables in creation order; slot by slot, or variable by variable where
  /// `listsByVariable`. Cost: linear in variables times slots.
  public var items: [Item] {
    var items = [Item(name: "iterations", dtype: .i64, shape: [], place: .iterations)]
    for (index, scalar) in scalars.enumerated() {
      items.append(Item(name: scalar.name, dtype: layout.scalarType, shape: [], place: .scalar(index)))
    }
    let entries = layout.creationOrder.filter { $0 < layout.trainableCount }
    for entry in entries { items.append(item("average", entry, .average(entry: entry))) }
    if listsByVariable {
      for entry in entries {
        for (index, slot) in slots.enumerated() { items.append(item(slot.name, entry, .slot(index, entry: entry))) }
      }
    } else {
      for (index, slot) in slots.enumerated() {
        for entry in entries { items.append(item(slot.name, entry, .slot(index, entry: entry))) }
      }
    }
    return items
  }

  private func item(_ prefix: String, _ entry: Int, _ place: Item.Place) -> Item {
    let variable = layout.entries[entry].variable
    return Item(
      name: "\(prefix)/\(variable.name)", dtype: variable.dtype.computeType, shape: variable.shape, place: place)
  }

  /// The items as the tensors of a file, numbered `0000/iterations`, `0001/average/w` …, whose data are the bytes of
  /// `head`, then the averages, then slot after slot, each as it lies in memory.
  public var descriptions: [TensorDescription] {
    items.enumerated().map { ordinal, item in
      let digits = String(ordinal)
      let name = String(repeating: "0", count: max(4 - digits.count, 0)) + digits + "/" + item.name
      let begin = offset(of: item.place)
      let byteCount = item.shape.reduce(item.dtype.byteCount, *)
      return TensorDescription(name: name, dtype: item.dtype, shape: item.shape, range: begin..<begin + byteCount)
    }
  }

  /// The bytes of iterations and the rule's numbers.
  public var head: [UInt8] {
    var bytes = (0..<8).map { UInt8(truncatingIfNeeded: stamp.iterations >> (8 * $0)) }
    for scalar in scalars {
      let bits = layout.scalarType == .f64 ? scalar.value.bitPattern : UInt64(Float(scalar.value).bitPattern)
      bytes += (0..<layout.scalarType.byteCount).map { UInt8(truncatingIfNeeded: bits >> (8 * UInt64($0))) }
    }
    return bytes
  }

  private func offset(of place: Item.Place) -> Int {
    let headByteCount = 8 + scalars.count * layout.scalarType.byteCount
    switch place {
    case .iterations: return 0
    case .scalar(let index): return 8 + index * layout.scalarType.byteCount
    case .average(let entry): return headByteCount + layout.entries[entry].computeOffset
    case .slot(let index, let entry):
      return headByteCount + (index + 1) * layout.slotByteCount + layout.entries[entry].computeOffset
    }
  }
}

extension Layout {
  /// The type of a rule's own numbers: the first variable's compute type.
  var scalarType: DType {
    creationOrder.first { $0 < trainableCount }.map { entries[$0].computeType } ?? .f32
  }
}
