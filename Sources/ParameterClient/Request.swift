/// One request: everything about it but where the server is and who asks.
struct Request {
  enum Method: String {
    case get = "GET"
    case put = "PUT"
    case post = "POST"
    case delete = "DELETE"
  }

  let method: Method
  let path: String
  var fields: [(name: String, value: String)] = []
  var upload: Upload?
  /// Names a push, so that the server applies it once however often it comes.
  var key: String?

  /// Whether sending it twice does no harm.
  var isRepeatable: Bool { method == .get || key != nil }
}
