public import HTTPTypes

/// Finds the route for a method and a path.
public struct Router: Sendable {
  /// What is known of a method and a path.
  public enum Match: Sendable {
    /// The index of the route, its template, and what the template's `{name}` segments stood for.
    case found(Int, template: String, captures: [String: String])
    /// No route has this path.
    case notFound
    /// The path has routes, for these methods.
    case methodNotAllowed(allow: [String])
  }

  private struct Resource {
    let pattern: RoutePattern
    var routes: [(method: HTTPRequest.Method, index: Int)]
    var allow: [String]
  }

  private var resources: [Resource] = []
  /// The resources whose path is fixed, by that path.
  private var fixed: [String: Int] = [:]

  /// A router of routes of a method and a path pattern. A fixed path goes before a pattern, an earlier pattern before a
  /// later one.
  public init(_ routes: [(HTTPRequest.Method, String)]) {
    for (route, (method, template)) in routes.enumerated() {
      let index = resources.firstIndex { $0.pattern.template == template } ?? resources.count
      if index == resources.count {
        let pattern = RoutePattern(template)
        resources.append(Resource(pattern: pattern, routes: [], allow: []))
        if !pattern.hasCaptures { fixed[template] = index }
      }
      precondition(!resources[index].routes.contains { $0.method == method }, "\(method) \(template) is there twice")
      resources[index].routes.append((method, route))
      resources[index].allow = Self.allow(resources[index].routes.map(\.method))
    }
  }

  /// The methods in order, with HEAD where GET is, and OPTIONS (RFC 9110, section 9.3).
  private static func allow(_ methods: [HTTPRequest.Method]) -> [String] {
    var names = Set(methods.map(\.rawValue))
    if names.contains("GET") { names.insert("HEAD") }
    names.insert("OPTIONS")
    return names.sorted()
  }

  /// Finds the route for a path as it came, percent-encoding kept, without query; HEAD takes the route of GET.
  public func match(_ method: HTTPRequest.Method, _ path: String) -> Match {
    if let index = fixed[path] { return match(method, index, [:]) }
    // OPTIONS * asks about the server (RFC 9110, section 9.3.7).
    if path == "*" { return .methodNotAllowed(allow: Self.allow(resources.flatMap { $0.routes.map(\.method) })) }
    let mayBeFixed = path.utf8.contains(UInt8(ascii: "%"))
    let bytes = path.utf8.span
    var found: (index: Int, captures: [String: String])?
    for (index, resource) in resources.enumerated() where mayBeFixed || resource.pattern.hasCaptures {
      guard let captures = resource.pattern.captures(bytes) else { continue }
      if !resource.pattern.hasCaptures { return match(method, index, captures) }
      if found == nil { found = (index, captures) }
    }
    guard let found else { return .notFound }
    return match(method, found.index, found.captures)
  }

  /// The template of the route that a path as it came belongs to, whatever the method; nil when there is none.
  public func template(of path: String) -> String? {
    if let index = fixed[path] { return resources[index].pattern.template }
    let bytes = path.utf8.span
    let matching = resources.filter { $0.pattern.captures(bytes) != nil }
    return (matching.first { !$0.pattern.hasCaptures } ?? matching.first)?.pattern.template
  }

  private func match(_ method: HTTPRequest.Method, _ index: Int, _ captures: [String: String]) -> Match {
    if let route = route(method, at: index) ?? (method == .head ? route(.get, at: index) : nil) {
      return .found(route, template: resources[index].pattern.template, captures: captures)
    }
    return .methodNotAllowed(allow: resources[index].allow)
  }

  private func route(_ method: HTTPRequest.Method, at index: Int) -> Int? {
    for route in resources[index].routes where route.method == method { return route.index }
    return nil
  }
}
