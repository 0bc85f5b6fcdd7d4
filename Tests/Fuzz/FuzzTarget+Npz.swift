@testable import Tensors

/// npz files: what is read must come back as the same when it is written, and no input may cost much more memory than it
/// has bytes.
extension FuzzTarget {
  /// After a first byte of 0 comes a whole file, after any other the content of one array, around which the file is right: no
  /// fuzzer finds checksums.
  static func npz(_ input: [UInt8]) {
    guard let first = input.first else { return }
    let content = Array(input.dropFirst())
    let bytes = first == 0 ? content : archive(of: content)
    let pool = RegionPool()
    guard let file = try? TensorFile(decodingNpz: bytes.span, pool: pool) else { return }
    // Each array by itself, all together, and a block of elements whose order changes.
    precondition(pool.peakByteCount <= 2 * bytes.count + 64 << 10)
    guard let written = file.encodedNpz() else { preconditionFailure("not written") }
    guard let again = try? TensorFile(decodingNpz: written.span, pool: pool) else {
      preconditionFailure("not read again")
    }
    precondition(again.header == file.header)
    precondition(again.encodedNpz() == written)
  }

  private static func archive(of content: [UInt8]) -> [UInt8] {
    var fields: [UInt8] = []
    for value: UInt16 in [20, 0, 0, 0, 33] { fields.append(littleEndian: value) }
    fields.append(littleEndian: CRC32(of: content.span).value)
    for _ in 0..<2 { fields.append(littleEndian: UInt32(content.count)) }
    for value: UInt16 in [5, 0] { fields.append(littleEndian: value) }
    let name = Array("w.npy".utf8)
    let local = Array("PK\u{3}\u{4}".utf8) + fields + name + content
    let entry = Array("PK\u{1}\u{2}".utf8) + [20, 0] + fields + [UInt8](repeating: 0, count: 14) + name
    var end = Array("PK\u{5}\u{6}".utf8)
    for value: UInt16 in [0, 0, 1, 1] { end.append(littleEndian: value) }
    for value in [entry.count, local.count] { end.append(littleEndian: UInt32(value)) }
    end.append(littleEndian: UInt16(0))
    return local + entry + end
  }
}
