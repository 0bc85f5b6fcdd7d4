import ArgumentParser
import ParameterClient
import Processes

/// One trainer of the demo: pulls, computes the gradient of a minibatch of its shard, pushes, until the model has had
/// enough pushes. Prints what its receipts said.
struct DemoTrainerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "demo-trainer", shouldDisplay: false)

  @Option var index: Int
  @Option var trainers: Int
  @Option var seed: UInt64
  @Option var pushes: Int

  @OptionGroup var connection: ConnectionOptions

  func run() throws {
    try ClientError.exiting {
      let client = try connection.client(trainerID: "demo-\(index)")
      let digits = Digits.load().training.shard(index, of: trainers)
      var generator = SplitMix64(seed: seed &* 1000 &+ UInt64(index) &+ 1)
      var report = DemoReport()
      var iterations = 0
      while iterations < pushes, !ChildProcess.isOrphan {
        let weights = try client.pull()
        let model = try Perceptron(weights.file, weightDecay: DemoSettings.weightDecay)
        let batch = digits.sample(DemoSettings.batchSize, using: &generator)
        let (loss, gradient) = model.lossAndGradient(on: batch)
        do throws(ClientError) {
          let receipt = try client.push(
            try Perceptron.file(gradient), computedAt: weights.version, trainingLoss: Double(loss))
          report.add(receipt)
          iterations = receipt.iterations
        } catch {
          // The model went back: its user hears of it, and the training goes on from there.
          guard case .refused(let problem) = error, problem.isOfAnotherEpoch else { throw error }
        }
      }
      print(report.line)
    }
  }
}
