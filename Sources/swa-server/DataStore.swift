import Logging
import ModelStore

/// The data directory of a run, locked from before anything is read until the process ends.
struct DataStore {
  private let directory: DataDirectory
  private let path: String
  private let settings: DurabilitySettings
  private let logger: Logger
  /// Whether a model, or an optimizer alone, was saved there.
  let holdsState: Bool

  /// Opens the directory that the options name; nil without one.
  init?(_ options: DurabilityOptions, logger: Logger) throws(Failure) {
    guard let path = options.dataDir else { return nil }
    self.path = path
    self.logger = logger
    settings = options.settings
    do throws(RecoveryError) {
      let directory = try DataDirectory(path: path)
      holdsState = try directory.holdsState()
      self.directory = directory
    } catch {
      throw Failure(error)
    }
  }

  /// Reads what is there into the model, or saves the model there; `ignored` are options that what is there overrides.
  func open(_ model: Model, ignored: [String]) throws(Failure) {
    let resumption: Resumption?
    do throws(RecoveryError) {
      resumption = try model.open(directory, settings) { [logger] notice in
        switch notice {
        case .info(let text): logger.info("\(text)")
        case .warning(let text): logger.warning("\(text)")
        }
      }
    } catch {
      throw Failure(error)
    }
    guard let resumption else { return }
    let point = resumption.iterations.map { "resumed at iteration \($0)" } ?? "resumed without a model"
    let epoch = resumption.isNewEpoch ? ", in a new epoch, as changes after the last checkpoint are lost" : ""
    let rest = ignored.isEmpty ? "" : "; ignored \(ignored.joined(separator: " and ")), as \(path) holds a state"
    logger.info("\(point) from \(path)\(epoch)\(rest)")
  }

  /// Saves the model for the next run.
  func close(_ model: Model) throws(Failure) {
    do throws(ModelError) {
      try model.close()
    } catch {
      switch error {
      case .fullDisk(let detail) where settings.mode == .journal:
        // The journal has it all.
        logger.warning("no checkpoint was written at the stop: \(detail)")
      case .fullDisk(let detail), .checkpointFailed(let detail), .journalFailed(let detail):
        throw Failure(.io, "the model could not be saved at the stop: \(detail)")
      default: throw Failure(.io, "the model could not be saved at the stop: \(error)")
      }
    }
  }

  /// What the start-up line says.
  var summary: String { "durability \(settings.mode.rawValue) in \(path)" }
}

extension Failure {
  fileprivate init(_ error: RecoveryError) {
    switch error {
    case .inUse: self.init(.unavailable, "\(error)")
    case .outOfMemory: self.init(.software, "\(error)")
    default: self.init(.io, "\(error)")
    }
  }
}
