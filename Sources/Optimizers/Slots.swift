public import Tensors

/// Names of what a rule remembers of each variable, as Keras names them.
public protocol SlotName: RawRepresentable<String>, CaseIterable, Hashable, Sendable {}

/// A rule's state: one region in the layout of slots for each slot in use.
public struct Slots<Name: SlotName>: Sendable {
  /// The slots in use, in the rule's order.
  public let names: [Name]
  /// Their regions, in the same order.
  public var regions: [Region]

  /// Slots in the rule's order with their regions.
  public init(names: [Name], regions: [Region]) {
    precondition(names.count == regions.count)
    self.names = names
    self.regions = regions
  }

  /// The region of a slot in use.
  @inlinable
  public func index(of name: Name) -> Int {
    guard let index = names.firstIndex(of: name) else { preconditionFailure("slot \(name) is not in use") }
    return index
  }
}
