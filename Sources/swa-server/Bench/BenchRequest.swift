import ArgumentParser
import Tensors

/// What a client sends again and again.
struct BenchRequest: Equatable, Sendable {
  /// What it asks for.
  enum Kind: String, CaseIterable, ExpressibleByArgument {
    case push
    case pull
    /// A push that is answered with the new weights.
    case exchange
    /// A push of a sparse gradient, with other rows each time.
    case sparsePush = "sparse-push"
    /// A GET of a path.
    case get
    /// A pull that is read at 25 MB a second.
    case slowPull = "slow-pull"
  }

  let kind: Kind
  let shape: BenchShape
  /// For `get`.
  var path = "/healthz"

  /// Whether a gradient goes along.
  var hasBody: Bool { kind == .push || kind == .exchange || kind == .sparsePush }
  /// Whether weights come back.
  var hasAnswerBody: Bool { kind == .pull || kind == .exchange || kind == .slowPull }

  /// The head, and what fits behind it: a small request is one piece.
  func head(bodyByteCount: Int) -> [UInt8] {
    let line =
      switch kind {
      case .push, .exchange, .sparsePush: "POST /v1/gradients"
      case .pull, .slowPull: "GET /v1/weights"
      case .get: "GET \(path)"
      }
    var text = "\(line) HTTP/1.1\r\nHost: localhost\r\n"
    if hasBody {
      text += "Content-Type: application/octet-stream\r\nContent-Length: \(bodyByteCount)\r\n"
    }
    if kind == .exchange { text += "Prefer: return=representation\r\n" }
    return Array("\(text)\r\n".utf8)
  }

  /// The gradients as a file; nil when none go along. Small numbers, so that however many pushes stay finite.
  func body(from pool: RegionPool) throws(Failure) -> Region? {
    guard hasBody else { return nil }
    return kind == .sparsePush ? try BenchRows(of: shape).file(from: pool) : try shape.file(from: pool)
  }

  /// Bytes of a whole request.
  var byteCount: Int {
    let body = kind == .sparsePush ? BenchRows(of: shape).fileByteCount : hasBody ? shape.fileByteCount : 0
    return head(bodyByteCount: body).count + body
  }
}

extension BenchShape {
  private var header: [UInt8] { SafetensorsHeader.encode(tensors: tensors, metadata: []) }

  /// Bytes of a safetensors file of the variables.
  var fileByteCount: Int { header.count + byteCount }

  /// A safetensors file of the variables, with small numbers of both signs.
  func file(from pool: RegionPool) throws(Failure) -> Region {
    let header = header
    var file = try Region.forBench(byteCount: header.count + byteCount, pool: pool)
    file.withMutableBytes(in: 0..<header.count) { bytes in
      for index in header.indices { bytes[index] = header[index] }
    }
    file.withMutableElements(of: Float.self, at: header.count, count: elementCount) { values in
      for index in values.indices { values[index] = Float(index % 255 - 127) * 1e-5 }
    }
    return file
  }
}

extension Region {
  /// A region, or the failure that ends the benchmark.
  static func forBench(byteCount: Int, pool: RegionPool) throws(Failure) -> Region {
    do throws(RegionError) {
      return try Region(byteCount: byteCount, pool: pool)
    } catch {
      throw Failure(.unavailable, "there is no memory for \(byteCount) bytes")
    }
  }
}
