import Glibc

/// This program, running once more with other arguments; what it prints comes through a pipe. The one place that makes
/// processes: Foundation's would triple the size of the binary.
final class ChildProcess {
  private let identifier: pid_t
  private let output: Int32

  /// Starts the program. Its stderr is this process's.
  init(arguments: [String]) throws(SpawnError) {
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe(&ends) == 0 else { throw SpawnError(code: errno) }
    let (reading, writing) = (ends[0], ends[1])
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_adddup2(&actions, writing, STDOUT_FILENO)
    var pointers: [UnsafeMutablePointer<CChar>?] = unsafe (["swa-trainer"] + arguments).map { unsafe strdup($0) }
    unsafe pointers.append(nil)
    defer { unsafe pointers.forEach { unsafe free($0) } }
    var identifier: pid_t = 0
    let code = unsafe posix_spawn(&identifier, "/proc/self/exe", &actions, nil, pointers, environ)
    close(writing)
    guard code == 0 else {
      close(reading)
      throw SpawnError(code: code)
    }
    self.identifier = identifier
    output = reading
  }

  deinit { close(output) }

  /// Reads what the process prints until it ends, and gives that and its exit code, or 128 and the signal that ended it.
  func wait() -> (output: String, exitCode: Int32) {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = unsafe read(output, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      bytes += buffer.prefix(count)
    }
    var status: Int32 = 0
    while unsafe waitpid(identifier, &status, 0) < 0, errno == EINTR {}
    let signal = status & 0x7F
    return (String(decoding: bytes, as: UTF8.self), signal == 0 ? (status >> 8) & 0xFF : 128 + signal)
  }

  /// No process could be started.
  struct SpawnError: Error, CustomStringConvertible {
    let code: Int32

    var description: String { "cannot start a process: \(unsafe String(cString: strerror(code)))" }
  }
}
