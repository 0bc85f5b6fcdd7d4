import ArgumentParser
import ParameterClient

/// The command: the client of a parameter server for scripts and for people.
@main
struct SwaTrainer: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "swa-trainer",
    abstract: "Pull weights from a parameter server and push gradients to it.",
    discussion: """
      Exit codes: 0 done; 64 bad usage; 65 the server refused, its reason is on stderr; 69 the server cannot be reached; \
      74 a file cannot be read or written.
      """,
    version: ParameterClient.version,
    subcommands: [
      PullCommand.self, PushCommand.self, InitCommand.self, StatusCommand.self, DemoCommand.self,
      DemoTrainerCommand.self,
    ])
}
