import Optimizers
import Tensors

/// Files and texts: what is read must come back as the same when it is written, and no input may cost more memory than
/// it has bytes.
extension FuzzTarget {
  static func safetensors(_ input: [UInt8]) {
    let pool = RegionPool()
    guard let file = try? TensorFile(decoding: input.span, pool: pool) else { return }
    precondition(pool.peakByteCount <= input.count + 64)
    let bytes = file.encoded()
    guard let again = try? TensorFile(decoding: bytes.span, pool: pool) else { preconditionFailure("not read again") }
    precondition(again.header == file.header)
    precondition(again.encoded() == bytes)
  }

  /// The first byte chooses the type that numbers are read as.
  static func json(_ input: [UInt8]) {
    guard let first = input.first else { return }
    let dtype = DType.allCases[Int(first) % DType.allCases.count]
    let text = Array(input.dropFirst())
    guard let tensors = try? JSONTensors(parsing: text.span, member: "variables") else { return }
    for entry in tensors.entries {
      let parts: [JSONTensors.Numbers] =
        switch entry.form {
        case .list(let numbers), .object(_, let numbers): [numbers]
        case .sparse(let indices, let values): [indices, values]
        }
      for numbers in parts {
        precondition(numbers.count <= text.count)
        guard var region = try? Region(byteCount: numbers.count * dtype.byteCount, pool: RegionPool()) else { continue }
        try? tensors.write(numbers, of: entry.name, from: text.span, as: dtype, into: &region, at: 0)
      }
    }
  }

  static func configuration(_ input: [UInt8]) {
    guard let value = try? JSONConfiguration.value(of: input.span) else { return }
    // 1e5 is a number, what it is written as an integer; from then on nothing changes.
    let text = written(written(JSONConfiguration.text(of: value)))
    precondition(written(text) == text)
    let registry = Registry.standard
    guard let (optimizer, _) = try? registry.optimizer(from: value) else { return }
    let printed = registry.print(optimizer)
    guard let (same, _) = try? registry.optimizer(from: printed) else { preconditionFailure("not taken again") }
    precondition(JSONConfiguration.text(of: registry.print(same)) == JSONConfiguration.text(of: printed))
  }

  /// A text of ours, read and written.
  private static func written(_ text: [UInt8]) -> [UInt8] {
    guard let value = try? JSONConfiguration.value(of: text.span) else { preconditionFailure("not read again") }
    return JSONConfiguration.text(of: value)
  }
}
