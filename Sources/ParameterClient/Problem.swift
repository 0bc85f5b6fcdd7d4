import FoundationEssentials

/// Why the server refused a request: the `application/problem+json` of RFC 9457.
public struct Problem: Sendable, Equatable {
  /// The HTTP status.
  public let status: Int
  /// The last part of the problem's type, such as `shape-mismatch`; empty when the answer was no problem document.
  public let name: String
  /// What was wrong, in words.
  public let detail: String

  /// A problem by its parts.
  public init(status: Int, name: String, detail: String) {
    self.status = status
    self.name = name
    self.detail = detail
  }

  /// What an answer of an error status says; text that is no problem document, as proxies send, becomes the detail.
  init(status: Int, body: [UInt8]) {
    if let document = try? JSONDecoder().decode(Document.self, from: Data(body)) {
      let name = document.type?.split(separator: "/").last.map(String.init) ?? ""
      self.init(status: status, name: name, detail: document.detail ?? document.title ?? "")
    } else {
      self.init(status: status, name: "", detail: String(decoding: body.prefix(200), as: UTF8.self))
    }
  }

  private struct Document: Decodable {
    let type: String?
    let title: String?
    let detail: String?
  }
}
