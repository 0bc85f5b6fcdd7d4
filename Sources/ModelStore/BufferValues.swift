public import Tensors

/// New values of some non-trainable variables for the averages, such as recomputed statistics of batch normalization.
public struct BufferValues: Sendable {
  /// The layout of the model that they are for.
  public let layout: Layout
  /// The values in the layout's compute places; unspecified elsewhere.
  public let values: Region
  /// Indices of the entries that get a new value, ascending.
  public let assigned: [Int]
  /// The averages that they belong to; nil for whichever there are.
  public let average: VersionStamp?

  /// Values of the entries `assigned`, to be set if the averages are still those of `average`.
  public init(layout: Layout, values: Region, assigned: [Int], average: VersionStamp?) {
    self.layout = layout
    self.values = values
    self.assigned = assigned
    self.average = average
  }
}
