internal import Glibc

/// A numeric IP address and a port.
public struct SocketAddress: Sendable, Hashable {
  /// The address in digits, such as `127.0.0.1` or `::1`.
  public let host: String
  /// The port.
  public let port: Int

  /// An address of its parts.
  public init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// The address in a structure that the system filled; nil for another family than IP.
  init?(_ storage: sockaddr_storage) {
    var storage = storage
    var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    var service = [CChar](repeating: 0, count: 16)
    let length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let failed = unsafe withUnsafePointer(to: &storage) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe getnameinfo(
          $0, length, &host, socklen_t(host.count), &service, socklen_t(service.count), NI_NUMERICHOST | NI_NUMERICSERV)
      }
    }
    guard failed == 0 else { return nil }
    self.host = Self.text(host)
    guard let port = Int(Self.text(service)) else { return nil }
    self.port = port
  }

  private static func text(_ characters: [CChar]) -> String {
    String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

extension SocketAddress: CustomStringConvertible {
  /// `host:port`, the host in brackets when it is IPv6.
  public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
