import HTTPServer
import Tensors

/// Part of a region as content: sent from where it lies, held until it is sent.
struct RegionSource: ByteSource {
  private let region: Region
  private let range: Range<Int>
  private let hold: HeldVersions.Hold

  init(_ region: Region, _ range: Range<Int>, _ hold: HeldVersions.Hold) {
    self.region = region
    self.range = range
    self.hold = hold
  }

  var byteCount: Int { range.count }

  func withBytes<R>(in part: Range<Int>, _ body: (Span<UInt8>) throws -> R) rethrows -> R {
    let begin = range.lowerBound + part.lowerBound
    return try region.withBytes(in: begin..<begin + part.count, body)
  }
}
