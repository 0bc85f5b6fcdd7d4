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
      throw .notAcceptable(
        "as JSON this is longer than \(limit) bytes; take safetensors, which has no limit",
        allowed: ["application/octet-stream"])
    }
  }
}
