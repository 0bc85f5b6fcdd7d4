public import Tensors

/// Stochastic Weight Averaging (Izmailov et al. 2018, "Averaging Weights Leads to Wider Optima and Better
/// Generalization"): the running mean of the variables, taken every few steps.
///
///     average = (average n + w) / (n + 1)       with n snapshots before
///
/// A snapshot is taken at iteration i when i ≥ start and i - start is a multiple of the period. Source: TensorFlow
/// Addons 0.23 `tfa.optimizers.SWA`; the count is stored with the average instead of being derived from i, so the mean
/// stays right when the schedule changes. Memory traffic a parameter of a snapshot: 12 bytes.
public struct SWA: AveragingOptimizer {
  public static let className = "SWA"

  public var name = "SWA"
  public var inner: any Rule
  public var clipping = Clipping()
  /// The first iteration that takes a snapshot.
  public var startAveraging = 0
  /// Iterations from one snapshot to the next, at least 1.
  public var averagePeriod = 10
  /// Kept for configurations of older TensorFlow Addons; a snapshot always sees the updated variables.
  public var sequentialUpdate = true

  /// SWA around SGD, with the defaults.
  public init() {
    inner = SGD()
  }

  /// SWA with the defaults around a rule.
  public init(_ inner: any Rule) {
    self.inner = inner
  }

  public mutating func fields(_ fields: inout Fields) {
    fields.text("name", &name)
    fields.rule("optimizer", &inner)
    fields.wrapperClipping(&clipping, around: inner)
    fields.integer("start_averaging", &startAveraging, from: 0)
    fields.integer("average_period", &averagePeriod, from: 1)
    fields.flag("sequential_update", &sequentialUpdate, isPrinted: !sequentialUpdate)
    fields.innerAliases(&inner)
  }

  public func takesSnapshot(at iteration: Int) -> Bool {
    iteration >= startAveraging && (iteration - startAveraging) % averagePeriod == 0
  }

  public func nextSnapshot(from iteration: Int) -> Int {
    guard iteration > startAveraging else { return startAveraging }
    let past = (iteration - startAveraging) % averagePeriod
    return past == 0 ? iteration : iteration + averagePeriod - past
  }

  public func snapshots(before iterations: Int) -> (count: Int, last: Int) {
    guard iterations > startAveraging else { return (0, 0) }
    let periods = (iterations - 1 - startAveraging) / averagePeriod
    return (periods + 1, startAveraging + periods * averagePeriod + 1)
  }

  public func average(
    _ extent: RunExtent, _ average: inout Region, of variable: Region, count: Int, at iteration: Int
  ) {
    if extent.storageType == .f64 {
      self.average(Run<Double>(extent), &average, of: variable, count: count)
    } else {
      self.average(Run<Float>(extent), &average, of: variable, count: count)
    }
  }

  private func average<T: Trainable>(
    _ run: Run<T>, _ average: inout Region, of variable: Region, count: Int
  ) {
    let n = T(count)
    if count == 0 {
      blocks(averaging: run, &average, of: variable) { a, w in
        each(&a, w) { a, w in a = w + 0 }
      }
    } else {
      blocks(averaging: run, &average, of: variable) { a, w in
        each(&a, w) { a, w in a = (a * n + w) / (n + 1) }
      }
    }
  }
}
