import Optimizers
public import Tensors

/// Takes a safetensors file of gradients as it arrives, into the places where the rule reads it.
///
/// Finiteness and norm are found on the way. Cost in memory: one region of gradients, whose pages are touched as bytes
/// come.
public struct GradientReceiver: Sendable {
  private let layout: Layout
  private let pool: RegionPool
  private let headers: AcceptedHeaders
  private let acceptsNonFinite: Bool
  private var receiver: SafetensorsReceiver
  private var header: AcceptedHeader?
  private var norm: GradientNorm?

  /// Takes gradients for a model of this layout; `headers` are those of earlier bodies for it.
  public init(
    layout: Layout, totalByteCount: Int?, acceptsNonFinite: Bool, headers: AcceptedHeaders = AcceptedHeaders(),
    pool: RegionPool
  ) {
    self.layout = layout
    self.pool = pool
    self.headers = headers
    self.acceptsNonFinite = acceptsNonFinite
    receiver = SafetensorsReceiver(totalByteCount: totalByteCount)
  }

  /// Takes the next bytes: `fill` writes to the front of the memory where they belong and returns how many.
  public mutating func receive(_ fill: (inout MutableSpan<UInt8>) -> Int) throws(BodyError) {
    do throws(SafetensorsReceiverError) {
      try receiver.receive(fill)
    } catch {
      throw .file(error)
    }
    if let bytes = receiver.headerBytes {
      try place(try accepted(bytes))
    } else if let header, header.isAscending, let intake = receiver.intake {
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
    guard let header, let intake = receiver.intake, let norm else { throw .file(.truncatedData) }
    receiver.intake = nil
    do throws(ModelError) {
      var gradient = try Gradient(header.plan, intake.regions, norm: norm, acceptsNonFinite: acceptsNonFinite)
      gradient.knownRuns = header.runs
      return gradient
    } catch {
      throw .model(error)
    }
  }

  /// What follows from the header: found anew only when it is another than the last one.
  private func accepted(_ bytes: [UInt8]) throws(BodyError) -> AcceptedHeader {
    if let known = headers.header(bytes, dataByteCount: receiver.dataByteCount, for: layout) { return known }
    let header: SafetensorsHeader
    do throws(SafetensorsError) {
      header = try SafetensorsHeader(parsing: bytes.span, dataByteCount: receiver.dataByteCount)
    } catch {
      throw .file(.safetensors(error))
    }
    do throws(ModelError) {
      let accepted = try AcceptedHeader(header, bytes, for: layout)
      headers.remember(accepted)
      return accepted
    } catch {
      throw .model(error)
    }
  }

  private mutating func place(_ header: AcceptedHeader) throws(BodyError) {
    do throws(ModelError) {
      receiver.place(TensorIntake(header.placement, into: try header.plan.regions(from: pool)))
    } catch {
      throw .model(error)
    }
    norm = header.norm
    self.header = header
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
