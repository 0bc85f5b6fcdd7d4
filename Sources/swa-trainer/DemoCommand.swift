import ArgumentParser
import ParameterClient
import Processes

/// `demo`: several trainer processes teach a server's model to read digits, and what averaging does for it.
struct DemoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Train a small model on hand-written digits through the server, and compare last and averaged weights.",
    discussion: """
      Creates a model on the server, sets its optimizer to SGD with momentum inside SWA, and starts trainer processes that \
      each pull weights, compute the gradient of a minibatch of their own part of the images, and push it. At the end the \
      last and the averaged weights are tested on images that no trainer saw.
      """)

  @Option(name: .long, help: "Seed of the first weights and of the minibatches.")
  var seed: UInt64 = 0

  @Option(name: .long, help: "Trainer processes.")
  var trainers = 2

  @Option(name: .long, help: "Pushes until the end, of all trainers together.")
  var pushes = 4000

  @Flag(name: .long, help: "Drop the model that the server has; without this the demo refuses when there is one.")
  var fresh = false

  @OptionGroup var connection: ConnectionOptions

  func validate() throws {
    guard (1...64).contains(trainers) else { throw ValidationError("--trainers is 1 to 64") }
    guard (100...1_000_000).contains(pushes) else { throw ValidationError("--pushes is 100 to 1000000") }
  }

  func run() throws {
    try ClientError.exiting {
      let client = try connection.client(trainerID: "demo")
      let (training, test) = Digits.load()
      let model = Perceptron<Float>(seed: seed, weightDecay: DemoSettings.weightDecay)
      try create(model, with: client)
      print(
        """
        \(training.count) training and \(test.count) test images; perceptron 64-64-10 with \
        \(Perceptron<Float>.parameterCount) parameters; seed \(seed)
        """)
      let start = ContinuousClock.now
      let report = try train()
      let seconds = (ContinuousClock.now - start) / .seconds(1)
      let last = try accuracy(of: try client.pull(), on: test)
      let averaged = try accuracy(of: try client.pull(averaged: true), on: test)
      print("trainers: \(trainers) processes, \(report.pushes) pushes in \(Self.rounded(seconds)) seconds")
      print("staleness: mean \(Self.rounded(report.stalenessMean)), max \(report.stalenessMax)")
      print("test accuracy of the last weights: \(Self.rounded(last * 100)) %")
      print("test accuracy of the averaged weights: \(Self.rounded(averaged * 100)) %")
      let gain = Self.rounded(abs(averaged - last) * 100)
      if averaged > last {
        print("averaging gains \(gain) points")
      } else if averaged == last {
        print("averaging changes nothing")
      } else {
        print("averaging loses \(gain) points")
      }
    }
  }

  /// Creates the model and gives it a new optimizer.
  private func create(_ model: Perceptron<Float>, with client: ParameterClient) throws(ClientError) {
    if fresh { try dropModel(with: client) }
    do throws(ClientError) {
      try client.initialize(try Perceptron.file(model.parameters))
    } catch {
      guard case .refused(let problem) = error, problem.status == 412 else { throw error }
      throw .refused(
        Problem(
          status: problem.status, name: problem.name,
          detail: "it has a model already, which the demo leaves alone; --fresh drops it"))
    }
    try client.setOptimizer(DemoSettings.optimizer(pushes: pushes, trainers: trainers))
  }

  private func dropModel(with client: ParameterClient) throws(ClientError) {
    do throws(ClientError) {
      try client.deleteModel()
    } catch {
      guard case .refused(let problem) = error, problem.status == 404 else { throw error }
    }
  }

  /// Runs the trainers and gathers what their receipts said.
  private func train() throws -> DemoReport {
    var processes: [ChildProcess] = []
    for index in 0..<trainers {
      processes.append(
        try ChildProcess(
          arguments: [
            "demo-trainer", "--index", "\(index)", "--trainers", "\(trainers)", "--seed", "\(seed)",
            "--pushes", "\(pushes)",
          ] + connection.arguments))
    }
    var report = DemoReport()
    for process in processes {
      let (output, exitCode) = process.wait()
      guard exitCode == 0, let part = DemoReport(line: output) else {
        // It has said why on stderr.
        throw ExitCode(exitCode == 0 ? 70 : exitCode)
      }
      report.add(part)
    }
    return report
  }

  private func accuracy(of weights: Weights, on digits: Digits) throws(ClientError) -> Double {
    try Perceptron(weights.file, weightDecay: DemoSettings.weightDecay).accuracy(on: digits)
  }

  /// A number with one digit behind the point.
  private static func rounded(_ number: Double) -> String {
    let tenths = Int((number * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }
}
