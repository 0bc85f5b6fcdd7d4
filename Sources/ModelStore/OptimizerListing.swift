public import Optimizers
public import Tensors

/// The list that Keras's get_weights gives of an optimizer's state: iterations, the rule's numbers, the averages, the
/// slots.
public struct OptimizerListing: Sendable {
  /// The model's layout.
  public let layout: Layout
  /// The names of the rule's numbers, in its order.
  public let scalarNames: [String]
  /// The names of the rule's slots in use, in its order.
  public let slotNames: [String]
  /// Whether all slots of a variable come together.
  public let listsByVariable: Bool

  /// The list of a rule's state of a model.
  public init(layout: Layout, rule: any Rule) {
    self.layout = layout
    scalarNames = rule.initialScalars.map(\.name)
    slotNames = rule.slotNames
    listsByVariable = rule.listsStateByVariable
  }

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
    for (index, name) in scalarNames.enumerated() {
      items.append(Item(name: name, dtype: layout.scalarType, shape: [], place: .scalar(index)))
    }
    let entries = layout.creationOrder.filter { $0 < layout.trainableCount }
    for entry in entries { items.append(item("average", entry, .average(entry: entry))) }
    if listsByVariable {
      for entry in entries {
        for (index, name) in slotNames.enumerated() { items.append(item(name, entry, .slot(index, entry: entry))) }
      }
    } else {
      for (index, name) in slotNames.enumerated() {
        for entry in entries { items.append(item(name, entry, .slot(index, entry: entry))) }
      }
    }
    return items
  }

  /// How a place in the list is written: `0000`, `0001` …
  static func digits(of ordinal: Int) -> String {
    let digits = String(ordinal)
    return String(repeating: "0", count: max(4 - digits.count, 0)) + digits
  }

  /// Bytes of iterations and the rule's numbers.
  var headByteCount: Int { 8 + scalarNames.count * layout.scalarType.byteCount }

  private func item(_ prefix: String, _ entry: Int, _ place: Item.Place) -> Item {
    let variable = layout.entries[entry].variable
    return Item(
      name: "\(prefix)/\(variable.name)", dtype: variable.dtype.computeType, shape: variable.shape, place: place)
  }
}

extension Layout {
  /// The type of a rule's own numbers: the first variable's compute type.
  var scalarType: DType {
    creationOrder.first { $0 < trainableCount }.map { entries[$0].computeType } ?? .f32
  }
}
