import ArgumentParser
import ParameterClient

/// `push`: the gradients of a file to the server.
struct PushCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "push", abstract: "Apply the gradients of a safetensors or npz file.")

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
      // A push that is sent again must not end up in another model, or in the same one gone back.
      let receipt = try client.push(file, epoch: try client.status().modelEpoch)
      progress?.finish()
      print("iterations: \(receipt.iterations)")
      print("snapshots: \(receipt.snapshots)\(receipt.snapshot ? " (one taken now)" : "")")
      print("learning rate: \(receipt.learningRate)")
      print("gradient norm: \(receipt.gradientNorm)")
    }
  }
}
