internal import Glibc

/// What can go wrong with sockets before there is a connection.
public enum SocketError: Error, Sendable, Equatable {
  /// A system call failed.
  case call(String, errno: Int32)
  /// Another socket listens on the address.
  case addressInUse(String)
  /// The name of the host has no address.
  case unresolvable(host: String, reason: String)
  /// A port outside 0...65535.
  case invalidPort(Int)
  /// More descriptors are needed than the hard limit allows.
  case descriptorLimit(needed: Int, hard: Int)
}

extension SocketError: CustomStringConvertible {
  /// A sentence for the operator.
  public var description: String {
    switch self {
    case .call(let name, let code): "\(name): \(unsafe String(cString: strerror(code)))"
    case .addressInUse(let address): "\(address) is in use"
    case .unresolvable(let host, let reason): "\(host): \(reason)"
    case .invalidPort(let port): "port \(port) is not within 0...65535"
    case .descriptorLimit(let needed, let hard): "\(needed) descriptors are needed, the hard limit is \(hard)"
    }
  }
}
