import Tensors

/// Tensors in memory, read as the safetensors file that would hold them: what a body's receiver takes, without the file.
///
/// Cost: one copy of the elements, straight to where they belong.
struct TensorStream {
  private let header: [UInt8]
  private let tensors: [Tensor]
  /// The next byte: in the header, then in the tensor of this index.
  private var index = -1
  private var position = 0

  init(_ tensors: [(name: String, value: Tensor)], metadata: [(String, String)] = []) {
    var descriptions: [TensorDescription] = []
    var end = 0
    for (name, value) in tensors {
      let range = end..<end + value.byteCount
      descriptions.append(TensorDescription(name: name, dtype: value.dtype, shape: value.shape, range: range))
      end = range.upperBound
    }
    header = SafetensorsHeader.encode(tensors: descriptions, metadata: metadata)
    self.tensors = tensors.map(\.value)
  }

  /// Bytes of the whole file.
  var byteCount: Int { tensors.reduce(header.count) { $0 + $1.byteCount } }

  /// Gives everything to a receiver, which calls `fill` to take the next bytes.
  mutating func feed(
    _ receive: ((_ fill: (inout MutableSpan<UInt8>) -> Int) throws(BodyError) -> Void)
  ) throws(BodyError) {
    while index < tensors.count {
      try receive { (room: inout MutableSpan<UInt8>) in fill(&room) }
    }
  }

  private mutating func fill(_ room: inout MutableSpan<UInt8>) -> Int {
    var filled = 0
    while index < tensors.count {
      let byteCount = index < 0 ? header.count : tensors[index].byteCount
      let count = min(byteCount - position, room.count - filled)
      if index < 0 {
        for offset in 0..<count { room[filled &+ offset] = header[position &+ offset] }
      } else {
        tensors[index].withBytes { bytes in
          for offset in 0..<count { room[filled &+ offset] = bytes[position &+ offset] }
        }
      }
      filled += count
      position += count
      guard position == byteCount else { break }
      index += 1
      position = 0
    }
    return filled
  }
}
