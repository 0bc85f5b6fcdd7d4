import ArgumentParser
import ParameterClient
import Processes

/// What a failure means for the command: a line for stderr and an exit code of sysexits.h.
extension ClientError {
  /// Runs a command's work; a failure is told on stderr and becomes the command's exit code.
  static func exiting(_ work: () throws -> Void) throws {
    do {
      try work()
    } catch let error as ClientError {
      // When stderr is gone nobody can be told.
      try? LocalFile.standardError.write("swa-trainer: \(error.message.printable)\n")
      throw error.exitCode
    } catch let error as ChildProcess.SpawnError {
      try? LocalFile.standardError.write("swa-trainer: \(error)\n")
      throw ExitCode(70)
    }
  }

  var message: String {
    switch self {
    case .refused(let problem) where problem.isOfAnotherEpoch:
      """
      the server refused (\(problem.status) \(problem.name)): its model went back to an earlier state or was replaced since \
      these gradients' weights were pulled: \(problem.detail)
      """
    case .refused(let problem):
      "the server refused (\(problem.status) \(problem.name)): \(problem.detail)"
    case .unreachable(let detail): "no answer: \(detail)"
    case .unexpectedAnswer(let detail): "this is no parameter server: \(detail)"
    case .file(let error): error.description
    case .configuration(let detail): detail
    }
  }

  var exitCode: ExitCode {
    switch self {
    case .configuration: ExitCode(64)
    case .refused: ExitCode(65)
    case .unreachable, .unexpectedAnswer: ExitCode(69)
    case .file: ExitCode(74)
    }
  }
}

extension Problem {
  /// Whether the server's model is not the one that was meant.
  var isOfAnotherEpoch: Bool { name == "model-epoch-mismatch" }
}

extension ClientNotice {
  /// A line for people.
  var message: String {
    switch self {
    case .retrying(let error, let seconds):
      "\(error.message); asking again in \((seconds * 10).rounded() / 10) seconds"
    case .modelChanged(let change): change.description
    }
  }
}
