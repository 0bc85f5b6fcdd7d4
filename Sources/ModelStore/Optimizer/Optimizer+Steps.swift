import Tensors

/// Steps, by gradients that the program computes: there is no automatic differentiation.
extension Optimizer {
  /// Gradients and the names of their variables; a variable with none, or left out, keeps its value.
  public typealias Gradients = [(gradient: VariableGradient?, variable: String)]

  /// The loss and its gradients at these values of the variables.
  public typealias Loss = (WeightsVersion) throws -> (loss: Double, gradients: Gradients)

  /// Takes one step (`apply_gradients`): clipping, the rule, and the snapshot if one is due; all of it or nothing.
  ///
  /// - Parameters:
  ///   - aggregate: whether gradients of several replicas would be combined first; here is one, so it changes nothing.
  ///   - name: names an operation in TensorFlow's graph, and nothing here.
  /// - Throws: what a push over HTTP would be refused for.
  /// - Complexity: a copy of the gradients, then the rule's memory traffic.
  @discardableResult
  public func applyGradients(
    _ gradients: Gradients, aggregate: Bool = true, name: String? = nil
  ) throws(BodyError) -> Receipt {
    try apply(gradients, computedAt: nil)
  }

  /// Computes loss and gradients at the variables' present values, and takes a step.
  ///
  /// - Parameters:
  ///   - loss: computes both; it may throw.
  ///   - variables: those to train; nil for all that `loss` gives a gradient for.
  ///   - gradLoss: the gradient of what is minimized with respect to the loss, by which gradients are multiplied.
  ///   - name: names an operation in TensorFlow's graph, and nothing here.
  @discardableResult
  public func minimize(
    _ loss: Loss, variables: [String]? = nil, gradLoss: Double? = nil, name: String? = nil
  ) throws -> (loss: Double, receipt: Receipt) {
    let (value, gradients, stamp) = try evaluate(loss, variables)
    guard let gradLoss else { return (value, try apply(gradients, computedAt: stamp)) }
    let scaled = gradients.map { ($0.gradient?.scaled(by: gradLoss, from: model.pool), $0.variable) }
    return (value, try apply(scaled, computedAt: stamp))
  }

  /// Gradients of a loss at the variables' present values (`get_gradients`), in the order of `variables`, by default all
  /// trainable ones in creation order. Throws `missingGradient` for a variable without one.
  public func gradients(of loss: Loss, variables: [String]? = nil) throws -> [VariableGradient] {
    let (_, gradients, _) = try evaluate(loss, nil)
    return try (variables ?? trainableNames).map { name in
      guard let gradient = gradients.last(where: { NameKey($0.variable) == NameKey(name) })?.gradient else {
        throw OptimizerError.missingGradient(variable: name)
      }
      return gradient
    }
  }

  /// Takes a step by the gradients of a loss (`get_updates`), of which every variable must have one.
  @discardableResult
  public func updates(loss: Loss, variables: [String]? = nil) throws -> [Receipt] {
    let names = variables ?? trainableNames
    return [try apply(zip(try gradients(of: loss, variables: names), names).map { ($0, $1) }, computedAt: nil)]
  }

  var trainableNames: [String] {
    model.status.model?.layout.variables.filter(\.isTrainable).map(\.name) ?? []
  }

  /// The version is let go before the step, so that the step goes in place.
  private func evaluate(
    _ loss: Loss, _ variables: [String]?
  ) throws -> (loss: Double, gradients: Gradients, stamp: VersionStamp) {
    let weights = try model.weights()
    let (value, gradients) = try loss(weights)
    guard let variables else { return (value, gradients, weights.stamp) }
    for name in variables where weights.layout.index(of: name) == nil { throw ModelError.unknownVariable(name) }
    let keys = Set(variables.map(NameKey.init))
    return (value, gradients.filter { keys.contains(NameKey($0.variable)) }, weights.stamp)
  }

  private func apply(_ gradients: Gradients, computedAt stamp: VersionStamp?) throws(BodyError) -> Receipt {
    guard let layout = model.status.model?.layout else { throw .model(.noModel) }
    var stream = TensorStream(
      gradients.flatMap { gradient, variable in gradient?.tensors(of: variable, from: model.pool) ?? [] })
    var receiver = GradientReceiver(
      layout: layout, totalByteCount: stream.byteCount, acceptsNonFinite: false, pool: model.pool)
    try stream.feed { (fill) throws(BodyError) in try receiver.receive(fill) }
    let base = GradientBase(iteration: stamp?.iterations, epoch: stamp?.epoch)
    let push = Push(gradient: try receiver.finish(), base: base)
    do throws(ModelError) {
      guard case .pushed(let receipt, _) = try model.apply(.push(push)) else { throw .noModel }
      return receipt
    } catch {
      throw .model(error)
    }
  }
}

/// What a program asked of an optimizer that it can't have.
public enum OptimizerError: Error, Sendable, Equatable {
  /// The loss gave no gradient for a variable.
  case missingGradient(variable: String)
  /// A list of state has another length.
  case weightCount(expected: Int, came: Int)
  /// There is a slot or a weight of this name with another shape.
  case nameTaken(String)
}
