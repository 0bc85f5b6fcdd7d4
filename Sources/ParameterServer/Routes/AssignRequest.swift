import HTTPServer
import HTTPTypes
import Optimizers

/// The body of an assign: nothing, or `{"variables":["w"]}`.
enum AssignRequest {
  /// The names in a body; nil for all trainable variables.
  static func names(in body: [UInt8]) throws(Problem) -> [String]? {
    guard !body.isEmpty else { return nil }
    let value = try body.configuration()
    guard case .object(let members) = value else {
      throw .malformedAssign("expected an object, got \(value)")
    }
    for member in members where member.name != "variables" {
      throw .malformedAssign("unknown member '\(member.name)'; there is variables")
    }
    guard let list = value["variables"] else { return nil }
    guard case .list(let items) = list else {
      throw .malformedAssign("variables must be a list of names, got \(list)")
    }
    var names: [String] = []
    for item in items {
      guard case .string(let name) = item else {
        throw .malformedAssign("variables must be a list of names, got \(item) in it")
      }
      names.append(name)
    }
    return names
  }
}

extension Problem {
  fileprivate static func malformedAssign(_ detail: String) -> Problem {
    Problem(
      "malformed-body", title: "Malformed body", status: .unprocessableContent, detail: detail.escaped,
      members: [("field", .string("variables"))])
  }
}
