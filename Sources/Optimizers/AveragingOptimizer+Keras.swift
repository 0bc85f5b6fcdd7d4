public import Tensors

/// Members of Keras's optimizers that every wrapper has.
extension AveragingOptimizer {
  /// The inner optimizer's learning rate, before decay; a number ends a schedule.
  public var learningRate: LearningRate {
    get { inner.settings.learningRate }
    set { inner.settings.learningRate = newValue }
  }

  /// As `learningRate`.
  public var lr: LearningRate {
    get { learningRate }
    set { learningRate = newValue }
  }

  /// The configuration, as `get_config` has it: all fields, the inner optimizer serialized.
  public var config: ConfigValue { Registry.standard.printConfig(self) }

  /// A wrapper from what `config` gave (`from_config`); fields left out take their defaults.
  ///
  /// `customObjects` knows the classes that may be named in it. Throws for an unknown class or field and for a value out of
  /// range, naming the field and what is allowed.
  public init(config: ConfigValue, customObjects: Registry = .standard) throws(ConfigurationError) {
    guard case .object(let members) = config else {
      throw ConfigurationError(field: "config", allowed: "an object", came: config.description)
    }
    self.init()
    _ = try customObjects.read(members, at: "config", into: &self)
  }

  /// A variable's average after a step (`average_op`), by the kernel that the server uses; nil when the step at this
  /// iteration, the number of steps before it, takes no snapshot.
  ///
  /// - Parameters:
  ///   - variable: the value after the step, float32 or float64.
  ///   - average: the average before, in the same shape and type; nil when there is none yet.
  ///   - snapshots: how many are in it.
  public func averageOp(
    _ variable: Tensor, average: Tensor?, snapshots: Int, iteration: Int
  ) throws(RegionError) -> Tensor? {
    guard takesSnapshot(at: iteration) else { return nil }
    precondition(variable.dtype == .f32 || variable.dtype == .f64)
    precondition(average == nil || (average?.dtype == variable.dtype && average?.shape == variable.shape))
    let count = average == nil ? 0 : snapshots
    let extent = RunExtent(
      storageType: variable.dtype, elementCount: variable.elementCount, variableOffset: 0, computeOffset: 0,
      threads: 1)
    let present = try variable.copied()
    var values = try (average ?? variable).copied()
    self.average(extent, &values, of: present, count: count, at: iteration)
    return Tensor(dtype: variable.dtype, shape: variable.shape, in: values)
  }
}

extension Tensor {
  /// A region of these elements alone, aligned for the kernels.
  fileprivate func copied() throws(RegionError) -> Region {
    var copy = try Region(byteCount: byteCount, pool: region.pool)
    copy.copyBytes(from: region, in: offset..<offset + byteCount, to: 0)
    return copy
  }
}
