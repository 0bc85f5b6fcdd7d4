import Tensors

/// A request's body, lent to libcurl piece by piece from where it lies.
enum Upload {
  /// A small body, such as JSON.
  case bytes([UInt8], contentType: String)
  /// A safetensors file made of its header and the region of its tensors.
  case tensors(header: [UInt8], data: Region)
  /// A file as it is.
  case file(LocalFile)

  init(_ file: TensorFile) {
    let metadata = file.metadata.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    self = .tensors(header: SafetensorsHeader.encode(tensors: file.tensors, metadata: metadata), data: file.data)
  }

  var byteCount: Int {
    switch self {
    case .bytes(let bytes, _): bytes.count
    case .tensors(let header, let data): header.count + data.byteCount
    case .file(let file): file.byteCount
    }
  }

  var contentType: String {
    switch self {
    case .bytes(_, let contentType): contentType
    case .tensors, .file: "application/octet-stream"
    }
  }

  /// Copies what comes at `offset` into `buffer` and says how much; 0 at the end.
  func read(into buffer: inout MutableSpan<UInt8>, at offset: Int) throws(ClientError) -> Int {
    switch self {
    case .bytes(let bytes, _):
      return bytes.span.copy(from: offset, into: &buffer)
    case .tensors(let header, let data):
      if offset < header.count { return header.span.copy(from: offset, into: &buffer) }
      return data.withBytes { $0.copy(from: offset - header.count, into: &buffer) }
    case .file(let file):
      return try file.read(into: &buffer, at: offset)
    }
  }
}
