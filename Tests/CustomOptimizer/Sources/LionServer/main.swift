import HTTPServer
import Lion
import Logging
import ModelStore
import Optimizers
import ParameterServer
import Tensors

let logger = Logger(label: "lion")

var registry = Registry.standard
registry.register(Lion.self)
let model = Model(optimizer: SWA(Lion()), registry: registry, threads: 2, pool: RegionPool())
let application = Application(model: model, configuration: ApplicationConfiguration(), logger: logger)
let server = Server(configuration: ServerConfiguration(), service: application, logger: logger)
let addresses = try server.start(host: "127.0.0.1", port: 0)

logger.info("listening on port \(addresses[0].port)")
_ = readLine()
server.stop(grace: .seconds(20))
