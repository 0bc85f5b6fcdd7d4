import ArgumentParser
import Glibc

/// The command `swa-server`.
@main
struct SwaServer: ParsableCommand {
  static let version = "0.1.0"
  static let configuration = CommandConfiguration(
    commandName: "swa-server", abstract: "An HTTP parameter server that averages weights.", version: version,
    subcommands: [
      ServeCommand.self, ConfigCommand.self, TokenCommand.self, BenchCommand.self, BenchClientCommand.self,
    ])

  /// Runs the command and ends the process with an exit code of sysexits.h.
  static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let failure as Failure {
      StandardStream.error.write("Error: \(failure.message)\n")
      Glibc.exit(failure.kind.rawValue)
    } catch  where exitCode(for: error) == .failure {
      StandardStream.error.write("Error: \(error)\n")
      Glibc.exit(Failure.Kind.software.rawValue)
    } catch {
      exit(withError: error)
    }
  }
}
