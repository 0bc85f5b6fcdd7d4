import ArgumentParser

@main
struct SwaServer: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "swa-server", version: "0.1.0")
}
