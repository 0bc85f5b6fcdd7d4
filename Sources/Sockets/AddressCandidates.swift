internal import Glibc

/// The addresses that a host's name stands for.
struct AddressCandidates {
  /// One address in the system's form.
  struct Address {
    private(set) var storage: sockaddr_storage
    let length: socklen_t
    let family: Int32

    mutating func setPort(_ port: Int) {
      let port = in_port_t(UInt16(clamping: port).bigEndian)
      unsafe withUnsafeMutableBytes(of: &storage) { bytes in
        // sin_port and sin6_port lie at the same place, behind the family.
        unsafe bytes.storeBytes(of: port, toByteOffset: 2, as: in_port_t.self)
      }
    }

    func withPointer<R>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
      unsafe withUnsafePointer(to: storage) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, length) }
      }
    }
  }

  private(set) var addresses: [Address] = []

  /// Resolves a name, an IPv4 or an IPv6 address; may ask the network.
  init(host: String) throws(SocketError) {
    var hints = unsafe addrinfo()
    unsafe hints.ai_family = AF_UNSPEC
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    unsafe hints.ai_flags = AI_PASSIVE
    var list: UnsafeMutablePointer<addrinfo>?
    let code = unsafe getaddrinfo(host, nil, &hints, &list)
    guard code == 0 else {
      throw .unresolvable(host: host, reason: unsafe String(cString: gai_strerror(code)))
    }
    defer { unsafe freeaddrinfo(list) }
    var next = unsafe list
    while let entry = unsafe next {
      let info = unsafe entry.pointee
      if let source = unsafe info.ai_addr, unsafe Int(info.ai_addrlen) <= MemoryLayout<sockaddr_storage>.size {
        var storage = sockaddr_storage()
        unsafe withUnsafeMutableBytes(of: &storage) {
          unsafe $0.copyMemory(from: UnsafeRawBufferPointer(start: source, count: Int(info.ai_addrlen)))
        }
        unsafe addresses.append(Address(storage: storage, length: info.ai_addrlen, family: info.ai_family))
      }
      unsafe next = info.ai_next
    }
  }
}
