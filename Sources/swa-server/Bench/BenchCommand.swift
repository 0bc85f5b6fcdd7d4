import ArgumentParser

/// `swa-server bench`: measures a server and this machine, with clients that are processes of their own.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measure a server with clients in processes of their own.",
    discussion: """
      Prints one JSON line for each measurement on stdout, then all of them as a table. Times are in seconds; a ratio \
      above 1 is faster than what the measurement is held against: the yardstick, or what the name says. Without --only, \
      everything is measured, which takes some minutes; --only push --sizes 4MB takes seconds. Topics: \
      \(BenchTopic.allCases.map(\.rawValue).joined(separator: ", ")).
      """, subcommands: [BenchKernelsCommand.self])

  @Option(
    help: ArgumentHelp(
      "A running server, whose model is replaced; without it servers are started as needed.",
      valueName: "http://host:port"))
  var url: BenchURL?

  @Option(help: ArgumentHelp("The program made from deploy/bench/yardstick.c, to take turns with.", valueName: "file"))
  var yardstick: String?

  @Option(parsing: .upToNextOption, help: ArgumentHelp("Topics to measure.", valueName: "topic"))
  var only: [BenchTopic] = BenchTopic.allCases

  @Option(
    parsing: .upToNextOption, help: ArgumentHelp("Sizes of models for push, pull and exchange.", valueName: "size"))
  var sizes: [BenchSize] = BenchSize.allCases

  @Option(
    parsing: .upToNextOption, help: ArgumentHelp("Numbers of clients for push, pull and exchange.", valueName: "n"))
  var clients: [Int] = [1, 4]

  @Option(help: ArgumentHelp("Rounds of each measurement.", valueName: "n"))
  var rounds = 5

  @Option(help: ArgumentHelp("Seconds of a round.", valueName: "seconds"))
  var seconds = 1.0

  @Option(help: ArgumentHelp("Output of an earlier run, to compare with.", valueName: "file"))
  var compare: String?

  func validate() throws {
    guard clients.allSatisfy({ (1...64).contains($0) }) else { throw ValidationError("--clients must be from 1 to 64") }
    guard (1...1000).contains(rounds) else { throw ValidationError("--rounds must be from 1 to 1000") }
    guard (0...3600).contains(seconds) else { throw ValidationError("--seconds must be from 0 to 3600") }
  }

  func run() throws {
    let interruption = Interruption()
    let suite = try BenchSuite(self, report: BenchReport(comparedWith: compare), interruption: interruption)
    var failure: Failure?
    for topic in only {
      do throws(Failure) {
        try suite.run(topic)
      } catch {
        // What has been measured counts, and what else can be is: a machine may lack the memory for the largest models.
        guard error.kind == .unavailable else { throw error }
        suite.report.progress.clear()
        StandardStream.error.write("swa-server bench: \(topic.rawValue): \(error.message)\n")
        failure = failure ?? error
      }
    }
    suite.report.printTable()
    if let failure { throw failure }
  }
}
