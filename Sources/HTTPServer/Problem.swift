public import HTTPTypes

/// A problem detail (RFC 9457): an error answer in `application/problem+json`.
public struct Problem: Error, Sendable {
  /// The last component of the type reference `/problems/NAME`.
  public var name: String
  /// The short summary, the same for each problem of this name.
  public var title: String
  /// The status code.
  public var status: HTTPResponse.Status
  /// What went wrong this time: names the offending field, what was expected and what came.
  public var detail: String
  /// Extension members.
  public var members: [(name: String, value: Member)]
  /// Fields of the answer beside Content-Type, such as Allow or Retry-After.
  public var fields: HTTPFields

  /// The value of an extension member.
  public enum Member: Sendable, Equatable {
    /// A JSON string.
    case string(String)
    /// A JSON number.
    case integer(Int)
    /// A JSON list of strings.
    case strings([String])
  }

  /// A problem with the given detail.
  public init(
    _ name: String, title: String, status: HTTPResponse.Status, detail: String,
    members: [(name: String, value: Member)] = [], fields: HTTPFields = [:]
  ) {
    self.name = name
    self.title = title
    self.status = status
    self.detail = detail
    self.members = members
    self.fields = fields
  }
}
