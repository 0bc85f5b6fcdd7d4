import ArgumentParser

/// `swa-server config`: what `serve` would run with, and where each value came from.
struct ConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "Print the effective configuration and where each value came from.",
    discussion: ServeCommand.layersHelp)

  @OptionGroup var options: ServeOptions

  func run() throws {
    let effective = try EffectiveOptions.ofProcess(flagged: options)
    print(effective.table)
    try effective.options.checkTogether()
  }
}

extension EffectiveOptions {
  /// A line for each option: name, value and source, aligned.
  var table: String {
    let nameWidth = settings.map { $0.name.description.count }.max() ?? 0
    let textWidth = settings.map { $0.text.count }.max() ?? 0
    return settings.map { name, text, source in
      let origin = source == .environment ? "environment \(name.environmentVariable)" : source.description
      return "\(padded(name.description, to: nameWidth))  \(padded(text, to: textWidth))  \(origin)"
    }.joined(separator: "\n")
  }

  private func padded(_ text: String, to width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
}
