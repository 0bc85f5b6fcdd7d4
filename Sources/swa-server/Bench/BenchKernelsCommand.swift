import ArgumentParser
import FoundationEssentials

/// `swa-server bench kernels`: the optimizers' loops, each timed alone.
struct BenchKernelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kernels", abstract: "Time the optimizers' loops over one float32 variable.",
    discussion: "Prints one JSON line for each, with the seconds of its fastest pass.")

  @Option(
    help: ArgumentHelp(
      "Which of \(Kernel.all.map(\.name).joined(separator: ", ")); may be repeated. (default: all)", valueName: "name"))
  var kernel: [String] = []

  @Option(help: ArgumentHelp("How many parameters the variable has.", valueName: "count"))
  var parameters = 25_600_000

  @Option(help: ArgumentHelp("How often each loop runs.", valueName: "count"))
  var passes = 10

  @Option(help: ArgumentHelp("How many threads may share a loop.", valueName: "count"))
  var threads = 1

  func validate() throws {
    for name in kernel where !Kernel.all.contains(where: { $0.name == name }) {
      throw ValidationError("--kernel: there is no kernel \(name)")
    }
    let limits = [("parameters", parameters, 1 << 32), ("passes", passes, 1 << 20), ("threads", threads, 1024)]
    for (name, value, limit) in limits where !(1...limit).contains(value) {
      throw ValidationError("--\(name): expected a number from 1 to \(limit), got \(value)")
    }
  }

  func run() throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    for chosen in Kernel.all where kernel.isEmpty || kernel.contains(chosen.name) {
      let measurement = try chosen.measure(parameters: parameters, passes: passes, threads: threads)
      print(String(decoding: try encoder.encode(measurement), as: UTF8.self))
    }
  }
}
