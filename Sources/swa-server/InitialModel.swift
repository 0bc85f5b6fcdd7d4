import FoundationEssentials
import Logging
import ModelStore
import Optimizers
import ParameterServer
import Tensors

/// The model that a server begins with: the files that the options name, or none.
struct InitialModel {
  let weights: NamedFile?
  let optimizer: NamedFile?
  let checkpoint: NamedFile?
  let threads: Int

  /// The options whose files are not read, because there is a saved state.
  let ignored: [String]

  /// The files are read if they are needed.
  init(_ options: ServeOptions, isNeeded: Bool) {
    weights = isNeeded ? options.weights.map { NamedFile(path: $0) } : nil
    optimizer = isNeeded ? options.optimizer.map { NamedFile(path: $0) } : nil
    checkpoint = isNeeded ? options.durability.checkpoint.map { NamedFile(path: $0) } : nil
    threads = options.threads
    let named = [
      ("--weights", options.weights), ("--optimizer", options.optimizer),
      ("--checkpoint", options.durability.checkpoint),
    ]
    ignored = isNeeded ? [] : named.compactMap { option, path in path.map { "\(option) \($0)" } }
  }

  /// Reads the files. Cost: one pass over the weights.
  func make(logger: Logger) throws(Failure) -> Model {
    var averaging: any AveragingOptimizer = SWA()
    if let optimizer { averaging = try read(optimizer, logger: logger) }
    let model = Model(optimizer: averaging, threads: threads, pool: RegionPool())
    if let weights { try load(weights, into: model) }
    if let checkpoint { try restore(checkpoint, in: model) }
    return model
  }

  /// Goes on from a checkpoint, in an epoch of its own. Cost: the file's bytes.
  private func restore(_ file: NamedFile, in model: Model) throws(Failure) {
    do throws(CheckpointError) {
      let saved = try SavedState(path: file.path, registry: model.registry, pool: model.pool)
      do throws(ModelError) {
        _ = try model.apply(.restore(saved, epoch: .random()))
      } catch {
        throw .unusable("\(error)")
      }
    } catch {
      if case .file = error { throw Failure(.io, "cannot read \(file.path): \(error)") }
      throw Failure(.usage, "in \(file.path): \(error)")
    }
  }

  private func read(_ file: NamedFile, logger: Logger) throws(Failure) -> any AveragingOptimizer {
    let text = [UInt8](try file.read())
    let value: ConfigValue
    do throws(JSONConfigurationError) {
      value = try JSONConfiguration.value(of: text.span)
    } catch {
      throw Failure(.usage, "in \(file.path): \(error)")
    }
    do throws(ConfigurationError) {
      let (optimizer, warnings) = try Registry.standard.optimizer(from: value)
      for warning in warnings { logger.warning("\(warning)", metadata: ["file": "\(file.path)"]) }
      return optimizer
    } catch {
      throw Failure(.usage, "in \(file.path): \(error)")
    }
  }

  private func load(_ file: NamedFile, into model: Model) throws(Failure) {
    let content = try file.read()
    do throws(BodyError) {
      var receiver = ModelReceiver(
        existing: nil, nonTrainable: [], totalByteCount: content.count, pool: model.pool)
      var rest = content.span
      while !rest.isEmpty {
        var taken = 0
        try receiver.receive { target in
          taken = min(target.count, rest.count)
          for index in 0..<taken { target[index] = rest[index] }
          return taken
        }
        rest = rest.extracting(droppingFirst: taken)
      }
      let (layout, values) = try receiver.finish()
      do throws(ModelError) {
        _ = try model.apply(.create(layout: layout, values: values, epoch: .random()))
      } catch {
        throw .model(error)
      }
    } catch {
      throw Failure(.usage, "in \(file.path): \(Self.text(error))")
    }
  }

  private static func text(_ error: BodyError) -> String {
    switch error {
    case .file(.safetensors(let error)): "\(error)"
    case .npz(let error): "\(error)"
    case .file(.truncatedData): "the file ends before its tensors' data does"
    case .file(.surplusData): "the file goes on behind its tensors' data"
    case .metadata(let key, let detail): "__metadata__[\"\(key)\"]: \(detail)"
    case .model(let error): "\(error)"
    default: "\(error)"
    }
  }
}
