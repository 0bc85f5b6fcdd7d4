import Optimizers
import Tensors

/// A header of gradients that fits a model, and all that follows from it before any data has come.
///
/// Cost: a look-up and more for each tensor, so it is kept for the next push.
final class AcceptedHeader: Sendable {
  let bytes: [UInt8]
  let dataByteCount: Int
  let plan: GradientPlan
  let placement: Placement
  /// Whether data comes in the order of the layout, so that the norm can follow it.
  let isAscending: Bool
  /// The norm before anything was received.
  let norm: GradientNorm
  /// The runs of dense gradients, for one thread each.
  let runs: [RunExtent]

  init(_ header: SafetensorsHeader, _ bytes: [UInt8], for layout: Layout) throws(ModelError) {
    self.bytes = bytes
    dataByteCount = header.dataByteCount
    plan = try GradientPlan(header.tensors, for: layout)
    placement = plan.placement(of: header.tensors)
    isAscending = placement.isAscending
    norm = GradientNorm(of: plan.dense, in: layout)
    runs = Gradient.runs(of: plan.dense, in: layout, threads: 1)
  }
}
