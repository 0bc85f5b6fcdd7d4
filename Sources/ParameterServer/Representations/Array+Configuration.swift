import HTTPServer
import Optimizers

extension [UInt8] {
  /// The configuration that a body holds.
  func configuration() throws(Problem) -> ConfigValue {
    do throws(JSONConfigurationError) {
      return try JSONConfiguration.value(of: span)
    } catch {
      throw .malformedBody(error.description.escaped)
    }
  }
}
