import ArgumentParser
import ParameterClient

/// `status`: what the server says of itself, a line for each thing.
struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Print what the server says of itself and of its model.")

  @OptionGroup var connection: ConnectionOptions

  func run() throws {
    try ClientError.exiting {
      let status = try connection.client().status()
      let lines: [(String, Any?)] = [
        ("iterations", status.iterations), ("snapshots", status.snapshots),
        ("next snapshot at", status.nextSnapshotAt), ("optimizer", status.optimizer),
        ("learning rate", status.learningRate), ("variables", status.variables), ("parameters", status.parameters),
        ("bytes", status.bytes), ("model epoch", status.modelEpoch), ("aggregation", status.aggregation),
        ("staleness mean", status.staleness?.mean), ("staleness max", status.staleness?.max),
        ("trainers", status.trainers), ("durability", status.durability), ("version", status.version),
        ("uptime seconds", status.uptimeSeconds),
      ]
      for case (let name, let value?) in lines { print("\(name): \("\(value)".printable)") }
    }
  }
}
