/// An answer as it came over the wire.
struct Answer {
  let status: Int
  /// Everything before the empty line.
  let head: String
  let content: [UInt8]

  /// Takes an answer from the front of `bytes`; nil when it is not complete.
  init?(_ bytes: inout [UInt8], hasContent: Bool) {
    let mark: [UInt8] = [13, 10, 13, 10]
    guard let end = bytes.indices.first(where: { bytes[$0] == 13 && bytes[$0...].starts(with: mark) }) else {
      return nil
    }
    head = String(decoding: bytes[..<end], as: UTF8.self)
    let lines = head.split(separator: "\r\n")
    guard let code = lines.first?.split(separator: " ").dropFirst().first, let status = Int(code) else { return nil }
    self.status = status
    let length = lines.first { $0.hasPrefix("Content-Length: ") }.flatMap { Int($0.dropFirst(16)) } ?? 0
    let count = hasContent ? length : 0
    guard bytes.count >= end + 4 + count else { return nil }
    content = Array(bytes[(end + 4)..<(end + 4 + count)])
    bytes.removeFirst(end + 4 + count)
  }

  var text: String { String(decoding: content, as: UTF8.self) }
}
