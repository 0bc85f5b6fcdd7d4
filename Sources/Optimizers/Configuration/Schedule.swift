/// A learning rate as a plain function of the iteration, with hyperparameters.
public protocol Schedule: Sendable {
  /// Keras's class name.
  static var className: String { get }
  /// The Python module that Keras's `serialize` would name; nil for none.
  var module: String? { get }
  /// The name under which the class is registered with Keras; nil for Keras's own.
  var registeredName: String? { get }
  /// A schedule with the constructor's defaults; what has none must be required by `fields`.
  init()
  /// Names each hyperparameter once, with its property and range.
  mutating func fields(_ fields: inout Fields)
  /// The rate at an iteration, computed in float32 as TensorFlow does.
  func value(at iteration: Int) -> Float
}

extension Schedule {
  /// Keras's schedules.
  public var module: String? { "keras.optimizers.schedules" }

  /// None.
  public var registeredName: String? { nil }
}
