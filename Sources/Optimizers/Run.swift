/// Neighbouring trainable variables of one type that all have a gradient: what a rule updates in one go, so that ten
/// thousand small variables cost what one big one does. Or one variable, of which some rows have a gradient.
public struct Run<T: Trainable>: Sendable {
  /// Where the run lies, and its stored type: T's own, or a half when T is Float.
  public let extent: RunExtent

  /// The run of this extent, computed in T.
  @inlinable
  public init(_ extent: RunExtent) {
    self.extent = extent
  }

  /// The rows of the variable that have no gradient; nothing when it is dense.
  @usableFromInline var rowsWithoutGradient: Run<T> {
    var extent = extent
    extent.rows = (extent.rows ?? RowSelection([], width: 0)).complement(elementCount: extent.elementCount)
    return Run(extent)
  }
}
