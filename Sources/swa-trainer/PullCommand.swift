import ArgumentParser
import ParameterClient

/// `pull`: weights to a file or to stdout.
struct PullCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pull", abstract: "Write the weights, in the safetensors format.")

  @Flag(name: .long, help: "The averaged weights instead of the current ones.")
  var averaged = false

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Where to; it appears once it is whole (default: stdout, unless that is a terminal).", valueName: "file"))
  var output: String?

  @OptionGroup var connection: ConnectionOptions

  func run() throws {
    try ClientError.exiting {
      let client = try connection.client()
      let progress = ProgressBar(showing: .download)
      client.onProgress = progress?.update
      defer { progress?.finish() }
      if let output {
        let version = try pull(from: client, to: output)
        progress?.finish()
        print("\(output): \(averaged ? "averaged" : "current") weights of iteration \(version.iteration)")
      } else {
        let output = LocalFile.standardOutput
        guard !output.isTerminal else {
          throw ClientError.configuration("weights are not for terminals: give --output FILE, or redirect")
        }
        _ = try client.pull(averaged: averaged, to: output)
      }
    }
  }

  private func pull(from client: ParameterClient, to path: String) throws(ClientError) -> WeightsVersion {
    let output = try OutputFile(path)
    let version = try client.pull(averaged: averaged, to: output.file)
    try output.commit()
    return version
  }
}
