/// What makes the demo's training: the same for every seed.
enum DemoSettings {
  /// Constant and high, so that the last weights jump about the minimum that their average is near. Gradients of more
  /// trainers are staler, and what is staler has to step shorter, or the training diverges.
  static func learningRate(trainers: Int) -> Double { 0.1 / Double(max(trainers, 2)) }

  static let momentum = 0.9
  static let batchSize = 32
  static let weightDecay: Float = 0.008
  static let averagePeriod = 5

  /// The first half of the training is the way to the minimum and stays out of the average.
  static func startAveraging(pushes: Int) -> Int { pushes / 2 }

  static func optimizer(pushes: Int, trainers: Int) -> String {
    """
    {"class_name":"SWA","config":{"start_averaging":\(startAveraging(pushes: pushes)),\
    "average_period":\(averagePeriod),"optimizer":{"class_name":"SGD","config":{\
    "learning_rate":\(learningRate(trainers: trainers)),"momentum":\(momentum)}}}}
    """
  }
}
