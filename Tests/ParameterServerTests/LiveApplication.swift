import HTTPServer
import Logging
import ModelStore
import Optimizers
import ParameterServer
import Sockets
import Tensors
import Testing

/// The application with a model, served on a free port of 127.0.0.1 until its end.
final class LiveApplication {
  let server: Server
  let port: Int
  let layout: Layout

  /// A model of float32 variables of these shapes, all elements 0, trained by plain descent at rate 1: a gradient of
  /// -1 adds 1 to what it reaches.
  init(shapes: [[Int]]) throws {
    var rule = SGD()
    rule.settings.learningRate = .constant(1)
    let model = Model(optimizer: SWA(rule), threads: 2, pool: RegionPool())
    layout = Layout(shapes.enumerated().map { Variable(name: "v\($0)", dtype: .f32, shape: $1, isTrainable: true) })
    let values = try Region.zeros(byteCount: layout.byteCount, pool: model.pool)
    _ = try model.apply(.create(layout: layout, values: values, epoch: .random()))

    let logger = Logger(label: "test")
    let application = Application(model: model, configuration: ApplicationConfiguration(), logger: logger)
    var configuration = ServerConfiguration()
    configuration.maximumConnections = 100
    // Under a sanitizer pushes may take longer than a reader that has stopped is waited for.
    configuration.bodyMinimumRate = 0
    server = Server(configuration: configuration, service: application, logger: logger)
    port = try #require(try server.start(host: "127.0.0.1", port: 0).first?.port)
  }

  deinit {
    server.stop(grace: .zero)
  }

  /// A gradient of -1 for these entries of the layout, as a safetensors file.
  func gradient(of entries: Range<Int>) -> [UInt8] {
    var end = 0
    let tensors = layout.descriptions[entries].map { tensor in
      defer { end += tensor.range.count }
      return TensorDescription(
        name: tensor.name, dtype: tensor.dtype, shape: tensor.shape, range: end..<end + tensor.range.count)
    }
    let header = SafetensorsHeader.encode(tensors: tensors, metadata: [])
    let element = (0..<4).map { UInt8(truncatingIfNeeded: Float(-1).bitPattern >> (8 * $0)) }
    return header + repeatElement(element, count: end / 4).joined()
  }
}
