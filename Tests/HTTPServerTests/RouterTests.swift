import HTTPServer
import HTTPTypes
import Testing

@Suite struct RouterTests {
  private static let routes: [(HTTPRequest.Method, String, name: String)] = [
    (.get, "/v1/weights", "pull"), (.put, "/v1/weights", "put"), (.post, "/v1/gradients", "push"),
    (.get, "/v1/slots/{slot}", "slot"), (.get, "/v1/slots/all", "all"),
    (.post, "/v1/checkpoints/{id}/restore", "restore"), (.get, "/", "root"),
  ]
  private let router = Router(routes.map { ($0.0, $0.1) })

  /// The match in a line: name, template, captures; or the methods allowed; or a dash.
  private func line(_ method: HTTPRequest.Method, _ path: String) -> String {
    switch router.match(method, path) {
    case .found(let index, let template, let captures):
      "\(Self.routes[index].name) \(template) \(captures.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined())"
    case .notFound: "-"
    case .methodNotAllowed(let allow): allow.joined(separator: ",")
    }
  }

  @Test(
    arguments: [
      (.get, "/v1/weights", "pull /v1/weights "), (.head, "/v1/weights", "pull /v1/weights "),
      (.put, "/v1/weights", "put /v1/weights "), (.get, "/", "root / "),
      (.get, "/v1/%77eights", "pull /v1/weights "),
      (.get, "/v1/slots/m", "slot /v1/slots/{slot} slot=m"), (.get, "/v1/slots/all", "all /v1/slots/all "),
      (.get, "/v1/slots/%61ll", "all /v1/slots/all "),
      (.get, "/v1/slots/a%2Fb%20%C3%A4", "slot /v1/slots/{slot} slot=a/b ä"),
      (.post, "/v1/checkpoints/7-x/restore", "restore /v1/checkpoints/{id}/restore id=7-x"),
    ] as [(HTTPRequest.Method, String, String)])
  func routesAreFound(_ method: HTTPRequest.Method, _ path: String, _ expected: String) {
    #expect(line(method, path) == expected)
  }

  @Test(arguments: [
    "/v1", "/v1/weights/", "//v1/weights", "/v1/slots/", "/v1/slots", "/v1/slots/m/n", "/v1/slots/%FF", "/v2/weights",
    "/v1/checkpoints//restore", "/v1%2Fweights", "", "weights",
  ])
  func otherPathsAreNotFound(_ path: String) {
    #expect(line(.get, path) == "-")
  }

  @Test(
    arguments: [
      (.delete, "/v1/weights", "GET,HEAD,OPTIONS,PUT"), (.options, "/v1/weights", "GET,HEAD,OPTIONS,PUT"),
      (.head, "/v1/gradients", "OPTIONS,POST"), (.get, "/v1/checkpoints/1/restore", "OPTIONS,POST"),
      (.options, "*", "GET,HEAD,OPTIONS,POST,PUT"),
    ] as [(HTTPRequest.Method, String, String)])
  func otherMethodsNameThoseAllowed(_ method: HTTPRequest.Method, _ path: String, _ expected: String) {
    #expect(line(method, path) == expected)
  }
}
