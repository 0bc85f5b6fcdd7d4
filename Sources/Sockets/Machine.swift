internal import CLinux

/// Facts of the machine and its calendar clock.
public enum Machine {
  /// Bytes of physical memory.
  public static var physicalMemory: Int { Int(swa_physical_memory()) }

  /// Seconds since 1970 by the calendar clock.
  public static var wallSeconds: Int { Int(swa_wall_seconds()) }

  /// Raises this process's soft limit of open descriptors to at least `needed`.
  ///
  /// Throws `descriptorLimit` when the hard limit is less.
  public static func raiseDescriptorLimit(to needed: Int) throws(SocketError) {
    let result = swa_raise_descriptor_limit(UInt64(max(0, needed)))
    if result > 0 { throw .descriptorLimit(needed: needed, hard: Int(result)) }
    if result < 0 { throw .call("setrlimit", errno: Int32(-result)) }
  }
}
