import ArgumentParser
import FoundationEssentials
import Logging

/// `swa-server serve`: the server, until a signal ends it.
struct ServeCommand: ParsableCommand {
  static let layersHelp = """
    Each option is a flag, an environment variable (SWA_HEAD_TIMEOUT for --head-timeout; lists separated by commas, \
    flags true or false), or a key of the same name in the JSON file that --config names ("head-timeout": 10; lists \
    as lists). Flags win over the environment, the environment over the file.
    """
  static let configuration = CommandConfiguration(
    commandName: "serve", abstract: "Run the server.",
    discussion: """
      \(layersHelp)

      SIGTERM and SIGINT: stop accepting, finish what is under way within the grace, exit 0; a second signal exits at \
      once with 128 + its number. SIGHUP: read certificates and tokens again. Exit codes: 64 bad usage or \
      configuration, 69 address in use or data directory locked, 70 internal error, \
      74 a file cannot be read or written.
      """)

  @OptionGroup var options: ServeOptions

  func run() throws {
    let options = try EffectiveOptions.ofProcess(flagged: options).options
    try options.checkTogether()
    let signals = Signals()
    let logger = Logger(label: "swa-server") { _ in
      LineLogHandler(level: options.logLevel, format: options.logFormat)
    }
    try ServerRun(options: options, logger: logger).run(until: signals)
  }
}

extension EffectiveOptions {
  /// What holds for this process: the arguments after the subcommand, the environment, the file system.
  static func ofProcess(flagged: ServeOptions) throws -> EffectiveOptions {
    try EffectiveOptions(
      flagged, flags: Array(CommandLine.arguments.dropFirst(2)), environment: ProcessInfo.processInfo.environment
    ) { path throws(Failure) in
      [UInt8](try NamedFile(path: path).read())
    }
  }
}
