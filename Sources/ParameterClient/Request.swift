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
}
