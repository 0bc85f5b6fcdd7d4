public import Tensors

/// Takes a file of non-trainable variables' values for the averages as it arrives: of any of them.
public struct BufferReceiver: BodyReceiver {
  private let average: VersionStamp?
  private var file: TensorFileReceiver
  private var placer: BufferPlacer

  /// Takes values for a model of this layout, for the averages of `average`; nil for whichever there are.
  ///
  /// `format` is nil for the one that the first bytes tell.
  public init(
    layout: Layout, average: VersionStamp?, format: TensorFileFormat? = nil, totalByteCount: Int?, pool: RegionPool
  ) {
    self.average = average
    file = TensorFileReceiver(format, totalByteCount: totalByteCount)
    placer = BufferPlacer(layout: layout, pool: pool)
  }

  /// Takes the next bytes: `fill` writes to the front of the memory where they belong and returns how many.
  public mutating func receive(_ fill: (inout MutableSpan<UInt8>) -> Int) throws(BodyError) {
    try file.receive(fill, placing: &placer)
  }

  /// The values, once the last byte has come.
  public mutating func finish() throws(BodyError) -> BufferValues {
    guard let values = try file.finish(placing: &placer).first else { throw .file(.truncatedData) }
    return BufferValues(layout: placer.layout, values: values, assigned: placer.assigned.sorted(), average: average)
  }
}

/// Places values of non-trainable variables in one region, in their compute places.
private struct BufferPlacer: TensorPlacer {
  let layout: Layout
  let pool: RegionPool
  private(set) var assigned: [Int] = []

  init(layout: Layout, pool: RegionPool) {
    self.layout = layout
    self.pool = pool
  }

  mutating func place(_ tensor: TensorDescription, in intake: inout TensorIntake) throws(BodyError) {
    let index: Int
    do throws(ModelError) {
      index = try layout.buffer(tensor)
    } catch {
      throw .model(error)
    }
    try addRegion(to: &intake)
    intake.place(tensor, in: 0, at: layout.entries[index].computeOffset, as: tensor.dtype)
    assigned.append(index)
  }

  mutating func complete(metadata: [String: String], in intake: inout TensorIntake) throws(BodyError) {
    try addRegion(to: &intake)
  }

  private func addRegion(to intake: inout TensorIntake) throws(BodyError) {
    guard intake.regions.isEmpty else { return }
    _ = try intake.add(byteCount: layout.computeByteCount, from: pool)
  }
}

extension BufferValues {
  /// Values from JSON text, `{"variables":{…}}`.
  public init(
    json text: Span<UInt8>, for layout: Layout, average: VersionStamp?, pool: RegionPool
  ) throws(BodyError) {
    let body = try JSONBody(parsing: text, member: "variables") { name in
      layout.index(of: name).map { layout.entries[$0].computeType } ?? .f32
    }
    let assigned: [Int]
    var values: Region
    do throws(ModelError) {
      assigned = try body.parts.map { (part) throws(ModelError) in try layout.buffer(part.description) }.sorted()
      values = try layout.computeRegion(from: pool)
    } catch {
      throw .model(error)
    }
    for part in body.parts {
      guard let index = layout.index(of: part.description.name) else { continue }
      let entry = layout.entries[index]
      try body.write(part, from: text, as: entry.computeType, into: &values, at: entry.computeOffset)
    }
    self.init(layout: layout, values: values, assigned: assigned, average: average)
  }
}

extension Layout {
  /// The entry of a tensor that is a non-trainable variable in exactly its type and shape.
  fileprivate func buffer(_ tensor: TensorDescription) throws(ModelError) -> Int {
    guard let index = index(of: tensor.name) else { throw .unknownVariable(tensor.name) }
    let variable = entries[index].variable
    guard !variable.isTrainable else {
      throw .invalidTrainable(
        variable: tensor.name, detail: "it is trainable: its average comes from snapshots alone")
    }
    guard tensor.shape == variable.shape else {
      throw .shapeMismatch(variable: tensor.name, expected: variable.shape, came: tensor.shape)
    }
    guard tensor.dtype == variable.dtype else {
      throw .dtypeMismatch(
        variable: tensor.name, expected: "exactly \(variable.dtype.rawValue)", came: tensor.dtype.rawValue)
    }
    return index
  }

  fileprivate func computeRegion(from pool: RegionPool) throws(ModelError) -> Region {
    do {
      return try Region(byteCount: computeByteCount, pool: pool)
    } catch {
      throw .outOfMemory(byteCount: computeByteCount)
    }
  }
}
