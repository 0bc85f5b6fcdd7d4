/// Where an answer's body goes, as it arrives.
enum Download {
  /// A small body, such as JSON, whole in memory; longer ones than the limit are refused.
  case bytes([UInt8], limit: Int)
  /// A safetensors file into a region.
  case tensors(TensorReceiver)
  /// A file as it is.
  case file(LocalFile)

  /// The limit of JSON answers, in bytes.
  static let textLimit = 16 << 20

  static var text: Download { .bytes([], limit: textLimit) }

  mutating func write(_ bytes: Span<UInt8>) throws(ClientError) {
    switch self {
    case .bytes(var all, let limit):
      guard bytes.count <= limit - all.count else {
        throw .unexpectedAnswer("the answer is longer than \(limit) bytes")
      }
      self = .text
      for index in bytes.indices { all.append(bytes[index]) }
      self = .bytes(all, limit: limit)
    case .tensors(let receiver):
      try receiver.write(bytes)
    case .file(let file):
      try file.write(bytes)
    }
  }
}
