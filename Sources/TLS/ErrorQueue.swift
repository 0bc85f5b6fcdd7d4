internal import COpenSSL

/// What OpenSSL keeps for each thread of calls that failed.
enum ErrorQueue {
  /// Forgets what calls before have left, so that the next failure is told by its own reason.
  static func clear() {
    ERR_clear_error()
  }

  /// Takes the reason of the last failure, and forgets the rest.
  static func takeReason() -> String? {
    let code = ERR_peek_last_error()
    defer { clear() }
    guard code != 0, let text = unsafe ERR_reason_error_string(code) else { return nil }
    return unsafe String(cString: text)
  }
}
