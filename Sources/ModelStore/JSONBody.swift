import Optimizers
public import Tensors

/// A body of JSON tensors for a model: the same checks as for a file, then each number straight to its place.
struct JSONBody {
  /// A tensor as the text gives it, and where its numbers stand.
  struct Part {
    let description: TensorDescription
    let numbers: JSONTensors.Numbers
  }

  /// The text's tensors and metadata.
  let tensors: JSONTensors
  let parts: [Part]

  /// Finds the tensors in a text; `type` says what type a nested list stands for.
  init(
    parsing text: Span<UInt8>, member: String, type: (_ name: String) -> DType
  ) throws(BodyError) {
    do throws(JSONTensorsError) {
      tensors = try JSONTensors(parsing: text, member: member)
    } catch {
      throw .json(error)
    }
    var parts: [Part] = []
    for entry in tensors.entries {
      switch entry.form {
      case .list(let numbers): parts.append(Part(entry.name, type(entry.name), numbers))
      case .object(let dtype, let numbers): parts.append(Part(entry.name, dtype, numbers))
      case .sparse(let indices, let values):
        parts.append(Part(entry.name + "/indices", .i64, indices))
        parts.append(Part(entry.name + "/values", type(entry.name), values))
      }
    }
    self.parts = parts
  }

  /// Reads a part's numbers in its own type, then converts them when the place has another.
  func write(
    _ part: Part, from text: Span<UInt8>, as target: DType, into region: inout Region, at offset: Int
  ) throws(BodyError) {
    let own = part.description.dtype
    guard own != target else { return try read(part, from: text, into: &region, at: offset) }
    var narrow: Region
    do {
      narrow = try Region(byteCount: part.description.range.count, pool: region.pool)
    } catch {
      throw .model(.outOfMemory(byteCount: part.description.range.count))
    }
    try read(part, from: text, into: &narrow, at: 0)
    region.convertElements(from: narrow, own, at: 0, count: part.numbers.count, to: target, at: offset)
  }

  private func read(
    _ part: Part, from text: Span<UInt8>, into region: inout Region, at offset: Int
  ) throws(BodyError) {
    do throws(JSONTensorsError) {
      try tensors.write(
        part.numbers, of: part.description.name, from: text, as: part.description.dtype, into: &region, at: offset)
    } catch {
      throw .json(error)
    }
  }
}

extension JSONBody.Part {
  fileprivate init(_ name: String, _ dtype: DType, _ numbers: JSONTensors.Numbers) {
    self.numbers = numbers
    description = TensorDescription(
      name: name, dtype: dtype, shape: numbers.shape, range: 0..<numbers.count * dtype.byteCount)
  }
}

extension Gradient {
  /// Gradients from JSON text, `{"gradients":{…}}`.
  ///
  /// Cost in memory: one region of gradients beside the text.
  public convenience init(
    json text: Span<UInt8>, for layout: Layout, acceptsNonFinite: Bool, pool: RegionPool
  ) throws(BodyError) {
    let body = try JSONBody(parsing: text, member: "gradients") { name in
      layout.index(of: name).map { layout.entries[$0].computeType } ?? .f32
    }
    let plan: GradientPlan
    var regions: [Region]
    do throws(ModelError) {
      plan = try GradientPlan(body.parts.map(\.description), for: layout)
      regions = try plan.regions(from: pool)
    } catch {
      throw .model(error)
    }
    for part in body.parts {
      if let index = layout.index(of: part.description.name) {
        let entry = layout.entries[index]
        try body.write(part, from: text, as: entry.computeType, into: &regions[0], at: entry.computeOffset)
      } else if let position = plan.sparse.firstIndex(where: { $0.part.indices == part.description }) {
        try body.write(part, from: text, as: part.description.dtype, into: &regions[1 + 2 * position], at: 0)
      } else if let position = plan.sparse.firstIndex(where: { $0.part.values == part.description }) {
        let type = layout.entries[plan.sparse[position].entry].computeType
        try body.write(part, from: text, as: type, into: &regions[2 + 2 * position], at: 0)
      }
    }
    do throws(ModelError) {
      let norm = GradientNorm(of: plan.dense, in: layout)
      try self.init(plan, regions, norm: norm, acceptsNonFinite: acceptsNonFinite)
    } catch {
      throw .model(error)
    }
  }
}

/// A model's values from JSON text, `{"variables":{…}}`: of the existing layout, or of a new model, whose nested lists are
/// float32, and whose creation order is by name unless a `metadata` like that of a file has another.
public func modelValues(
  json text: Span<UInt8>, existing: Layout?, nonTrainable: [String], pool: RegionPool
) throws(BodyError) -> (layout: Layout, values: Region) {
  let body = try JSONBody(parsing: text, member: "variables") { name in
    guard let existing, let index = existing.index(of: name) else { return .f32 }
    return existing.entries[index].variable.dtype
  }
  let descriptions = body.parts.map(\.description)
  let metadata = body.tensors.metadata
  let listed = existing == nil ? try metadataNames("non_trainable", in: metadata) ?? [] : []
  let order = existing == nil ? try metadataNames("order", in: metadata) : nil
  let layout: Layout
  var values: Region
  do throws(ModelError) {
    if let existing {
      try existing.check(descriptions)
      layout = existing
    } else {
      let sorted = descriptions.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
      layout = try Layout(creating: sorted, order: order, nonTrainable: listed + nonTrainable)
    }
    values = try layout.region(from: pool)
  } catch {
    throw .model(error)
  }
  for part in body.parts {
    guard let index = layout.index(of: part.description.name) else { continue }
    let entry = layout.entries[index]
    try body.write(part, from: text, as: entry.variable.dtype, into: &values, at: entry.offset)
  }
  return (layout, values)
}

extension Layout {
  /// Memory for the model's values.
  func region(from pool: RegionPool) throws(ModelError) -> Region {
    do {
      return try Region(byteCount: byteCount, pool: pool)
    } catch {
      throw .outOfMemory(byteCount: byteCount)
    }
  }
}
