import HTTPServer
import Tensors

extension Content {
  /// A safetensors file: header and padding in front of data that is sent from where it lies.
  ///
  /// `tail` is the tensors' part of the header (`SafetensorsHeader.tail`).
  static func safetensors(
    metadata: [(String, String)], tail: [UInt8], data: [any ByteSource]
  ) -> Content {
    let (prefix, paddingCount) = SafetensorsHeader.prefix(metadata: metadata, tailByteCount: tail.count)
    let padding = [UInt8](repeating: UInt8(ascii: " "), count: paddingCount)
    // One piece is one send; only a header of many tensors is worth sending from where it lies.
    let header: [any ByteSource] = tail.count < 64 << 10 ? [prefix + tail + padding] : [prefix, tail, padding]
    return Content(header + data)
  }
}
