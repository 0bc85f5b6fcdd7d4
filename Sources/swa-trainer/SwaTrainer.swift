import ArgumentParser

@main
struct SwaTrainer: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "swa-trainer", version: "0.1.0")
}
