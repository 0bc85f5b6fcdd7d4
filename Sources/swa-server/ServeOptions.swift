public import ArgumentParser
import FoundationEssentials
public import Logging

/// The options of `serve`, each declared once: flag, environment variable, key of the configuration file, and help.
struct ServeOptions: ParsableArguments {
  @Option("Name, IPv4 or IPv6 address to listen on.", .host)
  var host = Host.ipv4Loopback

  @Option("TCP port, 0 to 65535; 0 picks a free one.", .wholeNumber(in: 0...65535))
  var port = 8080

  @Option("Write the port here, atomically, once listening.", .path)
  var portFile: String?

  @Option("Another name that clients may call the server by (in the Host field); repeatable.", .hostName)
  var allowedHost: [String] = []

  @Option("Initial variables, a safetensors or npz file.", .path)
  var weights: String?

  @Option("Optimizer, a Keras configuration in JSON (default: SGD in SWA).", .path)
  var optimizer: String?

  @Option(help: ArgumentHelp("What becomes of a push that holds NaN or infinity.", valueName: "policy"))
  var nonFinite = NonFiniteGradients.reject

  @OptionGroup var durability: DurabilityOptions

  @OptionGroup var aggregation: AggregationOptions

  @Option("Most open connections; at the limit the oldest idle one is closed.", .wholeNumber(in: 1...1_000_000))
  var maxConnections = 10_000

  @Option("Most worker threads, for large requests.", .wholeNumber(in: 1...4096))
  var maxWorkers = 256

  @Option("Longest request body, in bytes or with KiB, MiB, GiB.", .byteCount)
  var maxBodyBytes = ByteCount(bytes: 4 << 30)

  @Option("Most bytes of bodies being received at one time; the default is a quarter of the memory.", .byteCount)
  var maxInflightBytes = ByteCount.quarterOfMemory

  @Option(
    "Most bytes of older versions that slow readers hold; the default is a quarter of the memory.", .byteCount)
  var maxHeldBytes = ByteCount.quarterOfMemory

  @Option("Seconds within which a request's head must come, and a worker be free for it.", .seconds(in: 0.001...86_400))
  var headTimeout = Seconds(10)

  @Option("Least bytes a second of a body or an answer, averaged over 10 s.", .byteCount)
  var bodyMinRate = ByteCount(bytes: 1 << 10)

  @Option("Seconds without a request after which a connection is closed.", .seconds(in: 0.001...86_400))
  var idleTimeout = Seconds(75)

  @Option("Seconds that requests under way get to finish after SIGTERM or SIGINT.", .seconds(in: 0...86_400))
  var shutdownGrace = Seconds(20)

  @Option(help: ArgumentHelp("Least level that is logged, to stderr.", valueName: "level"))
  var logLevel = Logger.Level.info

  @Option(help: ArgumentHelp("How a log line is written.", valueName: "format"))
  var logFormat = LogFormat.text

  @Option("Cores for large updates; the default is all.", .wholeNumber(in: 1...1024))
  var threads = ProcessInfo.processInfo.activeProcessorCount

  @Option("Event loops, a thread each.", .wholeNumber(in: 1...64))
  var loops = 1

  @Option("JSON object with options by the names of their flags.", .path)
  var config: String?

  @OptionGroup(title: "Security")
  var security: SecurityOptions

  /// What no single layer can judge, as flags of one may go with values of another.
  func checkTogether() throws(Failure) {
    try security.check(host: host)
    try durability.checkTogether()
    if let checkpoint = durability.checkpoint, weights != nil || optimizer != nil {
      let other = weights == nil ? "--optimizer" : "--weights"
      throw Failure(.usage, "--checkpoint \(checkpoint) holds weights and optimizer: leave out \(other)")
    }
    try aggregation.checkTogether()
  }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
