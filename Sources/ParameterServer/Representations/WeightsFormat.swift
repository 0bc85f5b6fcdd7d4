import HTTPServer
import HTTPTypes

/// The format in which tensors go out, and what it is called in the answer.
struct WeightsFormat: Sendable {
  /// How tensors become bytes.
  enum Encoding: String, Sendable, CaseIterable {
    case safetensors
    case npz
    case json
  }

  let encoding: Encoding
  let mediaType: String

  /// What a client gets that does not ask.
  static let preferred = WeightsFormat(.safetensors, "application/octet-stream")

  /// Every media type that may be asked for, the preferred first.
  private static let offers = [
    preferred, WeightsFormat(.safetensors, "application/x-safetensors"),
    WeightsFormat(.npz, "application/x-npz"), WeightsFormat(.npz, "application/zip"),
    WeightsFormat(.json, "application/json"),
  ]

  private init(_ encoding: Encoding, _ mediaType: String) {
    self.encoding = encoding
    self.mediaType = mediaType
  }

  /// The format that a query names, among those with the given encodings; nil when it names none.
  init?(_ query: Query, of encodings: [Encoding] = Encoding.allCases) throws(Problem) {
    guard let name = query["format"] else { return nil }
    guard let offer = Self.offers.first(where: { $0.encoding.rawValue == name && encodings.contains($0.encoding) })
    else {
      let all = encodings.map(\.rawValue).joined(separator: " or ")
      throw .invalidParameter("format", expected: all, came: name)
    }
    self = offer
  }

  /// The format that Accept asks for, among those with the given encodings.
  init(accepting call: Call, of encodings: [Encoding] = Encoding.allCases) throws(Problem) {
    guard let accept = call.field(.accept), accept != "*/*" else {
      self = .preferred
      return
    }
    let offers = Self.offers.filter { encodings.contains($0.encoding) }
    let types = offers.map(\.mediaType)
    guard let index = Accept(accept).preferred(among: types) else {
      throw .notAcceptable(
        "Accept is '\(accept.escaped)'; there is \(types.joined(separator: ", "))", allowed: types)
    }
    self = offers[index]
  }

  /// What tells a choice in this format from the whole as safetensors.
  func tags(of choice: TensorChoice) -> [String] { tags + choice.tags }

  /// What tells the format from safetensors.
  var tags: [String] { encoding == .safetensors ? [] : [encoding.rawValue] }

  /// What a download is called.
  func fileName(_ stem: String, _ iterations: Int) -> String {
    "\(stem)-\(iterations).\(encoding.rawValue)"
  }
}
