import FoundationEssentials

@testable import Tensors

/// An npz file part by part, right unless a test changes something.
struct NpzFixture {
  struct Member {
    var name: [UInt8]
    var content: [UInt8]
    var flags: UInt16
    var method: UInt16 = 0
    var extra: [UInt8] = []
    var checksum: UInt32
    var storedByteCount: UInt32
    var byteCount: UInt32

    init(_ name: String, _ content: [UInt8], flags: UInt16 = 0) {
      self.name = Array(name.utf8)
      self.content = content
      self.flags = flags
      checksum = CRC32(of: content.span).value
      storedByteCount = UInt32(content.count)
      byteCount = UInt32(content.count)
    }

    /// An array with the dictionary of an npy file as it stands there.
    init(_ name: String = "w.npy", header: String, version: UInt8 = 1, data: [UInt8] = []) {
      self.init(name, NpzFixture.npy(header, version: version, data: data))
    }

    private func fields(_ offset: UInt32?) -> [UInt8] {
      var bytes: [UInt8] = []
      for value in [20, flags, method, 0, 33] { bytes.append(littleEndian: value) }
      for value in [checksum, storedByteCount, byteCount] { bytes.append(littleEndian: value) }
      for value in [UInt16(name.count), UInt16(extra.count)] { bytes.append(littleEndian: value) }
      guard let offset else { return bytes }
      bytes += [UInt8](repeating: 0, count: 10)
      bytes.append(littleEndian: offset)
      return bytes
    }

    /// Local header and content.
    var local: [UInt8] { Array("PK\u{3}\u{4}".utf8) + fields(nil) + name + extra + content }

    func entry(at offset: UInt32) -> [UInt8] {
      Array("PK\u{1}\u{2}".utf8) + [20, 0] + fields(offset) + name + extra
    }
  }

  static let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }"
  static let data: [UInt8] = [0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0]

  var members = [Member(header: header, data: data)]
  /// The members of the central directory; nil for the same.
  var listed: [Member]?
  var countInEnd: UInt16?
  var offsetInEnd: UInt32?
  var diskInEnd: UInt16 = 0
  var comment: [UInt8] = []
  /// Whether all members of the directory are said to begin where the first does.
  var hasOverlap = false

  static func npy(_ header: String, version: UInt8 = 1, data: [UInt8]) -> [UInt8] {
    var bytes = NpyHeader.magic + [version, 0]
    if version == 1 {
      bytes.append(littleEndian: UInt16(header.utf8.count))
    } else {
      bytes.append(littleEndian: UInt32(header.utf8.count))
    }
    return bytes + header.utf8 + data
  }

  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    var offsets: [UInt32] = []
    for member in members {
      offsets.append(UInt32(bytes.count))
      bytes += member.local
    }
    let directory = zip(listed ?? members, offsets + [0]).flatMap { $0.entry(at: hasOverlap ? 0 : $1) }
    let start = UInt32(bytes.count)
    bytes += directory + Array("PK\u{5}\u{6}".utf8)
    for value in [diskInEnd, 0] { bytes.append(littleEndian: value) }
    for _ in 0..<2 { bytes.append(littleEndian: countInEnd ?? UInt16((listed ?? members).count)) }
    bytes.append(littleEndian: UInt32(directory.count))
    bytes.append(littleEndian: offsetInEnd ?? start)
    bytes.append(littleEndian: UInt16(comment.count))
    return bytes + comment
  }

  /// What `numpy.savez` of NumPy 2.4 made of `w=asfortranarray(float32([[1, 2, 3], [4, 5, 6]]))` and `n=int64(7)`.
  static let ofNumPy = decoded(
    """
    UEsDBC0AAAAAAAAAIQCyZ90j//////////8FABQAdy5ucHkBABAAmAAAAAAAAACYAAAAAAAAAJNOVU1QWQEAdgB7J2Rlc2NyJzogJzxmNCcsICdm\
    b3J0cmFuX29yZGVyJzogVHJ1ZSwgJ3NoYXBlJzogKDIsIDMpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg\
    ICAgICAgICAgICAgICAKAACAPwAAgEAAAABAAACgQAAAQEAAAMBAUEsDBC0AAAAAAAAAIQAjuPBs//////////8FABQAbi5ucHkBABAAiAAAAAAA\
    AACIAAAAAAAAAJNOVU1QWQEAdgB7J2Rlc2NyJzogJzxpOCcsICdmb3J0cmFuX29yZGVyJzogRmFsc2UsICdzaGFwZSc6ICgpLCB9ICAgICAgICAg\
    ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAKBwAAAAAAAABQSwECLQMtAAAAAAAAACEAsmfdI5gA\
    AACYAAAABQAAAAAAAAAAAAAAgAEAAAAAdy5ucHlQSwECLQMtAAAAAAAAACEAI7jwbIgAAACIAAAABQAAAAAAAAAAAAAAgAHPAAAAbi5ucHlQSwUG\
    AAAAAAIAAgBmAAAAjgEAAAAA
    """)

  /// The same of `w=float16([1.5, -2])`, written to a pipe: size and checksum come behind the data.
  static let ofNumPyToPipe = decoded(
    """
    UEsDBC0ACAAAAAAAIQAAAAAA//////////8FABQAdy5ucHkBABAAAAAAAAAAAAAAAAAAAAAAAJNOVU1QWQEAdgB7J2Rlc2NyJzogJzxmMicsICdm\
    b3J0cmFuX29yZGVyJzogRmFsc2UsICdzaGFwZSc6ICgyLCksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg\
    ICAgICAgICAgICAgICAKAD4AwFBLBwizwYIMhAAAAAAAAACEAAAAAAAAAFBLAQItAy0ACAAAAAAAIQCzwYIMhAAAAIQAAAAFAAAAAAAAAAAAAACA\
    AQAAAAB3Lm5weVBLBQYAAAAAAQABADMAAADTAAAAAAA=
    """)

  private static func decoded(_ text: String) -> [UInt8] { Data(base64Encoded: text).map { [UInt8]($0) } ?? [] }

  /// Reads a file that comes in pieces of so many bytes.
  static func decode(_ bytes: [UInt8], piece: Int, total: Int? = nil) throws(NpzError) -> [String: [Float]] {
    var receiver = NpzReceiver(totalByteCount: total)
    var tensors: [TensorDescription] = []
    let pool = RegionPool()
    var rest = bytes[...]
    while !rest.isEmpty {
      try receiver.receive { target in
        let count = min(target.count, rest.count, piece)
        for index in 0..<count { target[index] = rest.removeFirst() }
        return count
      }
      while let tensor = receiver.tensor {
        guard let region = try? Region(byteCount: tensor.range.count, pool: pool) else { return [:] }
        receiver.intake.place(tensor, in: receiver.intake.add(region), at: 0, as: tensor.dtype)
        tensors.append(tensor)
        try receiver.goOn()
      }
    }
    try receiver.finish()
    return Dictionary(
      uniqueKeysWithValues: zip(tensors, receiver.intake.regions).map { tensor, region in
        (tensor.name, Tensor(dtype: tensor.dtype, shape: tensor.shape, in: region).floats)
      })
  }
}
