import Optimizers
public import Tensors

/// Takes a safetensors file of gradients as it arrives, into the places where the rule reads it.
///
/// Finiteness and norm are found on the way. Cost in memory: one region of gradients, whose pages are touched as bytes
/// come.
public struct GradientReceiver: Sendable {
  private let layout: Layout
  private let pool: RegionPool
  private let acceptsNonFinite: Bool
  private var receiver: SafetensorsReceiver
  private var plan: GradientPlan?
  private var norm: GradientNorm?
  /// Whether data comes in the order of the layout, so that the norm can follow it.
  private var isAscending = false

  /// Takes gradients for a model of this layout.
  public init(layout: Layout, totalByteCount: Int?, acceptsNonFinite: Bool, pool: RegionPool) {
    self.layout = layout
    self.pool = pool
    self.acceptsNonFinite = acceptsNonFinite
    receiver = SafetensorsReceiver(totalByteCount: totalByteCount, pool: pool)
  }

  /// Takes the next bytes: `fill` writes to the front of the memory where they belong and returns how many.
  public mutating func receive(_ fill: (inout MutableSpan<UInt8>) -> Int) throws(BodyError) {
    do throws(SafetensorsReceiverError) {
      try receiver.receive(fill)
    } catch {
      throw .file(error)
    }
    if let header = receiver.header {
      do throws(ModelError) {
        try place(header)
      } catch {
        throw .model(error)
      }
    } else if isAscending, let intake = receiver.intake {
      let frontier = intake.frontier
      norm?.advance(to: frontier?.region == 0 ? frontier?.offset ?? 0 : .max, in: intake.regions[0])
    }
  }

  /// The gradients, once the last byte has come.
  public mutating func finish() throws(BodyError) -> Gradient {
    do throws(SafetensorsReceiverError) {
      try receiver.finish()
    } catch {
      throw .file(error)
    }
    guard let plan, let intake = receiver.intake, let norm else { throw .file(.truncatedData) }
    receiver.intake = nil
    do throws(ModelError) {
      return try Gradient(plan, intake.regions, norm: norm, acceptsNonFinite: acceptsNonFinite)
    } catch {
      throw .model(error)
    }
  }

  private mutating func place(_ header: SafetensorsHeader) throws(ModelError) {
    let plan = try GradientPlan(header.tensors, for: layout)
    let intake = TensorIntake(
      plan.placement(of: header.tensors), into: try plan.regions(from: pool))
    isAscending = intake.isAscending
    norm = GradientNorm(of: plan.dense, in: layout)
    self.plan = plan
    receiver.place(intake)
  }
}

extension GradientPlan {
  /// Memory for all that comes.
  func regions(from pool: RegionPool) throws(ModelError) -> [Region] {
    var byteCounts = [dense.isEmpty && assigned.isEmpty ? 0 : layout.computeByteCount]
    for (index, part) in sparse {
      let type = layout.entries[index].computeType
      byteCounts.append(part.indices?.range.count ?? 0)
      byteCounts.append((part.values?.elementCount ?? 0) * type.byteCount)
    }
    var regions: [Region] = []
    for byteCount in byteCounts {
      do {
        regions.append(try Region(byteCount: byteCount, pool: pool))
      } catch {
        throw .outOfMemory(byteCount: byteCount)
      }
    }
    return regions
  }
}
