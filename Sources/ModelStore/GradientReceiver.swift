import Optimizers
public import Tensors

/// Takes a file of gradients as it arrives, into the places where the rule reads it.
///
/// Finiteness and norm are found on the way, of a safetensors file. Cost in memory: one region of gradients, whose pages are
/// touched as bytes come.
public struct GradientReceiver: Sendable {
  private let acceptsNonFinite: Bool
  private var file: TensorFileReceiver
  private var placer: GradientPlacer
  private var norm: GradientNorm?

  /// Takes gradients for a model of this layout; `headers` are those of earlier bodies for it.
  ///
  /// `format` is nil for the one that the first bytes tell.
  public init(
    layout: Layout, format: TensorFileFormat? = nil, totalByteCount: Int?, acceptsNonFinite: Bool,
    headers: AcceptedHeaders = AcceptedHeaders(), pool: RegionPool
  ) {
    self.acceptsNonFinite = acceptsNonFinite
    file = TensorFileReceiver(format, totalByteCount: totalByteCount)
    placer = GradientPlacer(layout: layout, headers: headers, pool: pool)
  }

  /// Takes the next bytes: `fill` writes to the front of the memory where they belong and returns how many.
  public mutating func receive(_ fill: (inout MutableSpan<UInt8>) -> Int) throws(BodyError) {
    try file.receive(fill, placing: &placer)
    guard let header = placer.header, header.isAscending, let (first, frontier) = file.safetensorsProgress else {
      return
    }
    if norm == nil { norm = header.norm }
    norm?.advance(to: frontier?.region == 0 ? frontier?.offset ?? 0 : .max, in: first)
  }

  /// The gradients, once the last byte has come.
  public mutating func finish() throws(BodyError) -> Gradient {
    let received = try file.finish(placing: &placer)
    let (plan, regions) = try placer.placed(received)
    let norm = norm ?? placer.header?.norm ?? GradientNorm(of: plan.dense, in: plan.layout)
    do throws(ModelError) {
      return try Gradient(
        plan, regions, norm: norm, acceptsNonFinite: acceptsNonFinite, knownRuns: placer.header?.runs)
    } catch {
      throw .model(error)
    }
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
