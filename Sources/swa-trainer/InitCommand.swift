import ArgumentParser
import ParameterClient

/// `init`: the first weights of a model.
struct InitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init",
    abstract: "Create the model from the weights of a safetensors or npz file, unless there is one.")

  @Argument(help: "The file.")
  var file: String

  @OptionGroup var connection: ConnectionOptions

  func run() throws {
    try ClientError.exiting {
      let client = try connection.client()
      let file = try LocalFile(reading: file)
      let progress = ProgressBar(showing: .upload)
      client.onProgress = progress?.update
      defer { progress?.finish() }
      try client.initialize(file)
    }
  }
}
