/// Why the command ends without having done its work: a line for stderr and the exit code of sysexits.h.
struct Failure: Error, Equatable {
  /// What a supervisor can tell failures apart by.
  enum Kind: Int32 {
    /// EX_USAGE: a flag, an environment variable, or a configuration that cannot be used as it is.
    case usage = 64
    /// EX_UNAVAILABLE: the address is in use.
    case unavailable = 69
    /// EX_SOFTWARE: a defect of the server.
    case software = 70
    /// EX_IOERR: a file cannot be read or written.
    case io = 74
  }

  let kind: Kind
  let message: String

  init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }
}
