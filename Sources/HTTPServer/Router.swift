public import HTTPTypes

/// Finds the endpoint for a method and a path.
public struct Router<Endpoint: Sendable>: Sendable {
  /// What is known of a method and a path.
  public enum Match: Sendable {
    /// The endpoint, the template of its route, and what the template's `{name}` segments stood for.
    case found(Endpoint, template: String, captures: [String: String])
    /// No route has this path.
    case notFound
    /// The path has routes, for these methods.
    case methodNotAllowed(allow: [String])
  }

  private struct Resource {
    let pattern: RoutePattern
    var endpoints: [(method: HTTPRequest.Method, endpoint: Endpoint)]
    var allow: [String]
  }

  private var resources: [Resource] = []
  /// The resources whose path is fixed, by that path.
  private var fixed: [String: Int] = [:]

  /// A router of routes of a method, a path pattern and an endpoint. A fixed path goes before a pattern, an earlier
  /// pattern before a later one.
  public init(_ routes: [(HTTPRequest.Method, String, Endpoint)]) {
    for (method, template, endpoint) in routes {
      let index = resources.firstIndex { $0.pattern.template == template } ?? resources.count
      if index == resources.count {
        let pattern = RoutePattern(template)
        resources.append(Resource(pattern: pattern, endpoints: [], allow: []))
        if !pattern.hasCaptures { fixed[template] = index }
      }
      precondition(!resources[index].endpoints.contains { $0.method == method }, "\(method) \(template) is there twice")
      resources[index].endpoints.append((method, endpoint))
      resources[index].allow = Self.allow(resources[index].endpoints.map(\.method))
    }
  }

  /// The methods in order, with HEAD where GET is, and OPTIONS (RFC 9110, section 9.3).
  private static func allow(_ methods: [HTTPRequest.Method]) -> [String] {
    var names = Set(methods.map(\.rawValue))
    if names.contains("GET") { names.insert("HEAD") }
    names.insert("OPTIONS")
    return names.sorted()
  }

  /// Finds the endpoint for a path as it came, percent-encoding kept, without query; HEAD takes the route of GET.
  public func match(_ method: HTTPRequest.Method, _ path: String) -> Match {
    if let index = fixed[path] { return match(method, resources[index], [:]) }
    // OPTIONS * asks about the server (RFC 9110, section 9.3.7).
    if path == "*" { return .methodNotAllowed(allow: Self.allow(resources.flatMap { $0.endpoints.map(\.method) })) }
    let mayBeFixed = path.utf8.contains(UInt8(ascii: "%"))
    let bytes = path.utf8.span
    var found: (resource: Resource, captures: [String: String])?
    for resource in resources where mayBeFixed || resource.pattern.hasCaptures {
      guard let captures = resource.pattern.captures(bytes) else { continue }
      if !resource.pattern.hasCaptures { return match(method, resource, captures) }
      if found == nil { found = (resource, captures) }
    }
    guard let found else { return .notFound }
    return match(method, found.resource, found.captures)
  }

  /// The template of the route that a path as it came belongs to, whatever the method; nil when there is none.
  public func template(of path: String) -> String? {
    if let index = fixed[path] { return resources[index].pattern.template }
    let bytes = path.utf8.span
    let matching = resources.filter { $0.pattern.captures(bytes) != nil }
    return (matching.first { !$0.pattern.hasCaptures } ?? matching.first)?.pattern.template
  }

  private func match(_ method: HTTPRequest.Method, _ resource: Resource, _ captures: [String: String]) -> Match {
    let endpoints = resource.endpoints
    let index =
      endpoints.firstIndex { $0.method == method }
      ?? (method == .head ? endpoints.firstIndex { $0.method == .get } : nil)
    if let index {
      return .found(endpoints[index].endpoint, template: resource.pattern.template, captures: captures)
    }
    return .methodNotAllowed(allow: resource.allow)
  }
}
