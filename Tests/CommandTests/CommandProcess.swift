import Foundation

/// The built `swa-server` as a process of its own, with nothing of the tests' environment but what is given.
final class CommandProcess {
  private let process = Process()
  private let stdout = Pipe()
  private let stderr = Pipe()

  /// What a finished command left behind.
  struct Result {
    var status: Int32
    var output: String
    var errors: String
  }

  init(_ arguments: [String], environment: [String: String] = [:]) throws {
    process.executableURL = Bundle.main.executableURL?.deletingLastPathComponent().appending(path: "swa-server")
    process.arguments = arguments
    // A command ends within its main function; what that and its threads hold at the time is no leak.
    process.environment = environment.merging(["ASAN_OPTIONS": "detect_leaks=0"]) { own, _ in own }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = stdout
    process.standardError = stderr
    try process.run()
  }

  deinit {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
  }

  /// Sends a signal.
  func send(_ signal: Int32) {
    kill(process.processIdentifier, signal)
  }

  /// The next line that it writes to stderr; nil when it has closed it.
  func nextErrorLine() throws -> String? {
    var line: [UInt8] = []
    while let byte = try stderr.fileHandleForReading.read(upToCount: 1)?.first {
      if byte == UInt8(ascii: "\n") { return String(decoding: line, as: UTF8.self) }
      line.append(byte)
    }
    return nil
  }

  /// Waits for the end. The outputs are small enough for a pipe's buffer.
  func finish() throws -> Result {
    process.waitUntilExit()
    return Result(
      status: process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus,
      output: String(decoding: try stdout.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self),
      errors: String(decoding: try stderr.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self))
  }

  static func run(_ arguments: [String], environment: [String: String] = [:]) throws -> Result {
    try CommandProcess(arguments, environment: environment).finish()
  }
}
