import ParameterClient
import Tensors

/// The perceptron's parameters, or their gradients, as tensors.
extension Perceptron<Float> {
  static func file(_ values: [Float]) throws(ClientError) -> TensorFile {
    do throws(SafetensorsError) {
      return try TensorFile(variables.map { ($0.name, $0.shape, Array(values[$0.range])) })
    } catch {
      throw .configuration("the model cannot be made into a file: \(error)")
    }
  }

  /// A perceptron with the weights of a server, in whatever order they come.
  init(_ file: TensorFile, weightDecay: Float) throws(ClientError) {
    var parameters: [Float] = []
    for variable in Self.variables {
      guard file[variable.name]?.shape == variable.shape, let values = file.values(of: variable.name) else {
        throw .unexpectedAnswer("the server's model is another one: it has no '\(variable.name)' of the demo's shape")
      }
      parameters += values
    }
    self.init(parameters: parameters, weightDecay: weightDecay)
  }
}
