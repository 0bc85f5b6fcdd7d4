public import Tensors

/// Takes a safetensors file of non-trainable variables' values for the averages as it arrives: of any of them.
public struct BufferReceiver: BodyReceiver {
  private let layout: Layout
  private let average: VersionStamp?
  private let pool: RegionPool
  private var receiver: SafetensorsReceiver
  private var assigned: [Int] = []

  /// Takes values for a model of this layout, for the averages of `average`; nil for whichever there are.
  public init(layout: Layout, average: VersionStamp?, totalByteCount: Int?, pool: RegionPool) {
    self.layout = layout
    self.average = average
    self.pool = pool
    receiver = SafetensorsReceiver(totalByteCount: totalByteCount)
  }

  /// Takes the next bytes: `fill` writes to the front of the memory where they belong and returns how many.
  public mutating func receive(_ fill: (inout MutableSpan<UInt8>) -> Int) throws(BodyError) {
    guard let header = try receiver.take(fill) else { return }
    do throws(ModelError) {
      try place(header)
    } catch {
      throw .model(error)
    }
  }

  /// The values, once the last byte has come.
  public mutating func finish() throws(BodyError) -> BufferValues {
    guard let values = try receiver.takeRegions().first else { throw .file(.truncatedData) }
    return BufferValues(layout: layout, values: values, assigned: assigned, average: average)
  }

  private mutating func place(_ header: SafetensorsHeader) throws(ModelError) {
    assigned = try layout.buffers(header.tensors)
    var placement = Placement()
    for tensor in header.tensors {
      guard let index = layout.index(of: tensor.name) else { continue }
      placement.place(tensor, in: 0, at: layout.entries[index].computeOffset, as: tensor.dtype)
    }
    receiver.place(TensorIntake(placement, into: [try layout.computeRegion(from: pool)]))
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
      assigned = try layout.buffers(body.parts.map(\.description))
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
  /// The entries of tensors that all are non-trainable variables in exactly their types and shapes, ascending.
  fileprivate func buffers(_ tensors: [TensorDescription]) throws(ModelError) -> [Int] {
    var indices: [Int] = []
    for tensor in tensors {
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
      indices.append(index)
    }
    return indices.sorted()
  }

  fileprivate func computeRegion(from pool: RegionPool) throws(ModelError) -> Region {
    do {
      return try Region(byteCount: computeByteCount, pool: pool)
    } catch {
      throw .outOfMemory(byteCount: computeByteCount)
    }
  }
}
