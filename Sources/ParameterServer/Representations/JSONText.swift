import HTTPServer
import Tensors

/// Tensors as JSON text, up to a limit.
enum JSONText {
  /// The most bytes that go out.
  private static let limit = 16 << 20

  /// The text of tensors whose ranges lie in `values`. Cost: linear in elements, and as much memory as the text.
  static func of(
    _ tensors: [TensorDescription], in values: Region, metadata: [(String, String)]
  ) throws(Problem) -> [UInt8] {
    do {
      return try JSONTensors.encode(tensors, in: values, member: "variables", metadata: metadata, limit: limit)
    } catch {
      throw tooLong
    }
  }

  /// Refuses a choice that is too much before it is copied: an element takes two bytes at least.
  static func checkCount(of choice: TensorChoice) throws(Problem) {
    var left = limit / 2
    for item in choice.items ?? [] {
      guard let count = item.elementCount, count <= left else { throw tooLong }
      left -= count
    }
  }

  private static var tooLong: Problem {
    .notAcceptable(
      "as JSON this is longer than \(limit) bytes; take safetensors, which has no limit",
      allowed: ["application/octet-stream"])
  }
}
