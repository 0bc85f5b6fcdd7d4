import HTTPServer
import HTTPTypes

/// The formats in which weights go out.
enum WeightsFormat: String, Sendable, CaseIterable {
  case safetensors
  case json

  /// The media type of the answer.
  var mediaType: String {
    switch self {
    case .safetensors: "application/octet-stream"
    case .json: "application/json"
    }
  }

  /// What a download is called.
  func fileName(_ stem: String, _ iterations: Int) -> String {
    "\(stem)-\(iterations).\(rawValue)"
  }

  /// Every media type that asks for the format, in order of preference.
  static let offers: [(mediaType: String, format: WeightsFormat)] = [
    ("application/octet-stream", .safetensors), ("application/x-safetensors", .safetensors),
    ("application/json", .json),
  ]

  /// The format that a request asks for: `?format=` goes before Accept.
  init(_ call: Call) throws(Problem) {
    if let name = call.query["format"] {
      guard let format = WeightsFormat(rawValue: name) else {
        let all = Self.allCases.map(\.rawValue).joined(separator: " or ")
        throw .invalidParameter("format", expected: all, came: name)
      }
      self = format
      return
    }
    guard let accept = call.fields[.accept] else {
      self = .safetensors
      return
    }
    guard let index = Accept(accept).preferred(among: Self.offers.map(\.mediaType)) else {
      let allowed = Self.offers.map(\.mediaType)
      throw .notAcceptable(
        "Accept is '\(accept.escaped)'; there is \(allowed.joined(separator: ", "))", allowed: allowed)
    }
    self = Self.offers[index].format
  }
}
