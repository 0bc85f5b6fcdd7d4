internal import Glibc

/// Another process: this program once more, or another one. It is told lines through its stdin, and what it prints comes
/// through a pipe. The one place that makes processes: Foundation's would triple the size of a binary.
public final class ChildProcess {
  /// This program, whatever it is called.
  public static let itself = "/proc/self/exe"

  /// The process's number.
  public let identifier: Int32
  private let input: Int32
  private let output: Int32
  /// What was printed and not asked for yet.
  private var pending: [UInt8] = []
  /// Once it has ended and that was noticed.
  private var exitCode: Int32?

  /// Starts a program with arguments. Its stderr is this process's, and so is its environment without the variables whose
  /// names begin with `droppedPrefix`.
  public init(
    program: String = ChildProcess.itself, arguments: [String], droppedPrefix: String? = nil
  ) throws(SpawnError) {
    let (theirInput, input) = try Self.pipe()
    let (output, theirOutput) = try Self.pipe()
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_adddup2(&actions, theirInput, STDIN_FILENO)
    unsafe posix_spawn_file_actions_adddup2(&actions, theirOutput, STDOUT_FILENO)
    let name = CommandLine.arguments.first.flatMap { $0.split(separator: "/").last }
    let words = [program == Self.itself ? String(name ?? "child") : program] + arguments
    var pointers: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) }
    unsafe pointers.append(nil)
    defer { unsafe pointers.forEach { unsafe free($0) } }
    let variables = unsafe Self.environment(without: droppedPrefix)
    var identifier: pid_t = 0
    let code = unsafe posix_spawn(&identifier, program, &actions, nil, pointers, variables)
    close(theirInput)
    close(theirOutput)
    guard code == 0 else {
      close(input)
      close(output)
      throw SpawnError(program: program, code: code)
    }
    self.identifier = identifier
    self.input = input
    self.output = output
  }

  deinit {
    close(input)
    close(output)
    if isRunning {
      kill(identifier, SIGKILL)
      _ = waitForEnd()
    }
  }

  private static func environment(without prefix: String?) -> [UnsafeMutablePointer<CChar>?] {
    var variables: [UnsafeMutablePointer<CChar>?] = unsafe []
    var next = unsafe environ
    while let variable = unsafe next.pointee {
      if prefix.map({ unsafe !String(cString: variable).hasPrefix($0) }) ?? true { unsafe variables.append(variable) }
      unsafe next += 1
    }
    unsafe variables.append(nil)
    return unsafe variables
  }

  /// Both ends of a pipe that no other child inherits.
  private static func pipe() throws(SpawnError) -> (reading: Int32, writing: Int32) {
    var ends: [Int32] = [-1, -1]
    guard unsafe Glibc.pipe(&ends) == 0 else { throw SpawnError(program: "a pipe", code: errno) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
  }

  /// Writes a line to its stdin; when it has ended, nothing happens.
  public func tell(_ line: String) {
    var rest = Array("\(line)\n".utf8)[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes { unsafe write(input, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }

  /// Waits for the next line that it prints; nil when there is none any more.
  public func readLine() -> String? {
    var searched = 0
    while true {
      if let end = pending[searched...].firstIndex(of: UInt8(ascii: "\n")) {
        defer { pending.removeFirst(end + 1) }
        return String(decoding: pending[..<end], as: UTF8.self)
      }
      searched = pending.count
      guard readMore() else { return nil }
    }
  }

  /// Reads what the process prints until it ends, and gives that and its exit code, or 128 and the signal that ended it.
  public func wait() -> (output: String, exitCode: Int32) {
    while readMore() {}
    defer { pending = [] }
    return (String(decoding: pending, as: UTF8.self), waitForEnd())
  }

  /// Asks it to end, and waits until it has.
  public func stop() {
    if isRunning { kill(identifier, SIGTERM) }
    _ = waitForEnd()
  }

  /// Whether it has not ended yet.
  public var isRunning: Bool {
    noteEnd(WNOHANG)
    return exitCode == nil
  }

  /// In a child: whether its parent, which holds the other end of its stdin, has ended.
  public static var isOrphan: Bool {
    var input = pollfd(fd: STDIN_FILENO, events: 0, revents: 0)
    return unsafe poll(&input, 1, 0) > 0 && Int32(input.revents) & POLLHUP != 0
  }

  private func readMore() -> Bool {
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = unsafe read(output, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      pending += buffer.prefix(count)
      return true
    }
  }

  private func waitForEnd() -> Int32 {
    noteEnd(0)
    return exitCode ?? 0
  }

  private func noteEnd(_ options: Int32) {
    guard exitCode == nil else { return }
    var status: Int32 = 0
    var ended: Int32
    repeat { ended = unsafe waitpid(identifier, &status, options) } while ended < 0 && errno == EINTR
    guard ended == identifier else { return }
    let signal = status & 0x7F
    exitCode = signal == 0 ? (status >> 8) & 0xFF : 128 + signal
  }

  /// No process could be started.
  public struct SpawnError: Error, CustomStringConvertible {
    let program: String
    let code: Int32

    /// A sentence for people.
    public var description: String { "cannot start \(program): \(unsafe String(cString: strerror(code)))" }
  }
}
