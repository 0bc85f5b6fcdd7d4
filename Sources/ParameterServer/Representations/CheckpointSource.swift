import HTTPServer
import HTTPTypes
import ModelStore

/// A checkpoint's file as content, read as it is sent. Bytes that can't be read end the answer.
struct CheckpointSource: ByteSource {
  private let file: CheckpointFile

  init(_ file: CheckpointFile) {
    self.file = file
  }

  var byteCount: Int { file.byteCount }

  func withBytes<R>(in range: Range<Int>, _ body: (Span<UInt8>) throws -> R) rethrows -> R {
    var bytes = [UInt8](repeating: 0, count: range.count)
    var span = bytes.mutableSpan
    let count = (try? file.read(at: range.lowerBound, into: &span)) ?? 0
    return try body(bytes.span.extracting(first: count))
  }

  /// The answer to a GET.
  func response(named id: String) -> Response {
    Response(
      .ok,
      fields: [
        .contentType: WeightsFormat.preferred.mediaType, .cacheControl: "no-cache", .acceptRanges: "none",
        .contentDisposition: "attachment; filename=\"checkpoint-\(id).safetensors\"",
      ], content: Content(self))
  }
}
