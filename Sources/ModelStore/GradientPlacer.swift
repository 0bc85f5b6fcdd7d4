import Tensors

/// Places gradients where the rule reads them: dense ones and new values in one region in the layout's compute places, each
/// half of a sparse one in a region of its own.
struct GradientPlacer: TensorPlacer {
  private let layout: Layout
  private let headers: AcceptedHeaders
  private let pool: RegionPool
  /// The header of a safetensors file, once it was placed.
  private(set) var header: AcceptedHeader?
  /// What came of a file that names its tensors one by one.
  private var plan: GradientPlan
  private var dense: Int?
  private var indices: [Int: Int] = [:]
  private var values: [Int: Int] = [:]

  init(layout: Layout, headers: AcceptedHeaders, pool: RegionPool) {
    self.layout = layout
    self.headers = headers
    self.pool = pool
    plan = GradientPlan(for: layout)
  }

  /// All at once; what follows from the header is found anew only when it is another than the last one.
  mutating func place(header bytes: [UInt8], dataByteCount: Int?) throws(BodyError) -> TensorIntake {
    let header = try accepted(bytes, dataByteCount)
    self.header = header
    do throws(ModelError) {
      return TensorIntake(header.placement, into: try header.plan.regions(from: pool))
    } catch {
      throw .model(error)
    }
  }

  private func accepted(_ bytes: [UInt8], _ dataByteCount: Int?) throws(BodyError) -> AcceptedHeader {
    if let known = headers.header(bytes, dataByteCount: dataByteCount, for: layout) { return known }
    let header = try SafetensorsHeader(ofBody: bytes, dataByteCount: dataByteCount)
    do throws(ModelError) {
      let accepted = try AcceptedHeader(header, bytes, for: layout)
      headers.remember(accepted)
      return accepted
    } catch {
      throw .model(error)
    }
  }

  mutating func place(_ tensor: TensorDescription, in intake: inout TensorIntake) throws(BodyError) {
    let (index, role): (Int, GradientPlan.Role)
    do throws(ModelError) {
      (index, role) = try plan.add(tensor)
    } catch {
      throw .model(error)
    }
    let entry = layout.entries[index]
    switch role {
    case .dense, .assigned:
      let region = if let dense { dense } else { try intake.add(byteCount: layout.computeByteCount, from: pool) }
      dense = region
      intake.place(tensor, in: region, at: entry.computeOffset, as: entry.computeType)
    case .indices:
      let region = try intake.add(byteCount: tensor.range.count, from: pool)
      indices[index] = region
      intake.place(tensor, in: region, at: 0, as: tensor.dtype)
    case .values:
      let region = try intake.add(byteCount: tensor.elementCount * entry.computeType.byteCount, from: pool)
      values[index] = region
      intake.place(tensor, in: region, at: 0, as: entry.computeType)
    }
  }

  mutating func complete(metadata: [String: String], in intake: inout TensorIntake) throws(BodyError) {
    do throws(ModelError) {
      try plan.complete()
    } catch {
      throw .model(error)
    }
    // A plan has it in front, with or without dense gradients.
    if dense == nil { dense = try intake.add(byteCount: 0, from: pool) }
  }

  /// The plan that was placed, and its regions in their order.
  func placed(_ regions: [Region]) throws(BodyError) -> (GradientPlan, [Region]) {
    if let header { return (header.plan, regions) }
    guard let dense else { throw .npz(.truncated) }
    let pairs = plan.sparse.flatMap { [indices[$0.entry], values[$0.entry]] }
    return (plan, ([dense] + pairs.compactMap { $0 }).map { regions[$0] })
  }
}
