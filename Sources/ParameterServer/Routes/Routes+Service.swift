import HTTPServer
import HTTPTypes

/// What is there without a model: health, readiness, documentation.
extension Routes {
  static func health(_ call: Call) throws(Problem) -> any Exchange {
    BareExchange(.json(#"{"status":"ok"}"#))
  }

  static func readiness(_ call: Call) throws(Problem) -> any Exchange {
    guard call.application.isReady else { throw .busy("the server is stopping") }
    return BareExchange(.json(#"{"status":"ready"}"#))
  }

  static func specification(_ call: Call) throws(Problem) -> any Exchange {
    BareExchange(
      Response(
        .ok, fields: [.contentType: "application/yaml", .cacheControl: "no-cache"],
        content: Content(call.application.configuration.openAPI)))
  }

  static func overview(_ call: Call) throws(Problem) -> any Exchange {
    let lines = all.map { "\($0.method.rawValue) \($0.path)" }.joined(separator: "\n")
    let text = """
      swa-server \(version): a parameter server with Stochastic Weight Averaging.
      The interface is described at /openapi.yaml.

      \(lines)

      """
    return BareExchange(
      Response(.ok, fields: [.contentType: "text/plain; charset=utf-8"], content: Content(Array(text.utf8))))
  }
}
