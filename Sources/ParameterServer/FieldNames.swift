import HTTPServer
import HTTPTypes
import ModelStore

/// Fields that the HTTP types do not name.
extension HTTPField.Name {
  static let weightsIteration = known("Weights-Iteration")
  static let modelEpoch = known("Model-Epoch")
  static let trainerID = known("Trainer-Id")
  static let contributionWeight = known("Contribution-Weight")
  static let trainingLoss = known("Training-Loss")
  static let idempotencyKey = known("Idempotency-Key")
  static let idempotentReplayed = known("Idempotent-Replayed")
  static let prefer = known("Prefer")
  static let preferenceApplied = known("Preference-Applied")
  static let secFetchSite = known("Sec-Fetch-Site")
  static let acceptPatch = known("Accept-Patch")

  private static func known(_ name: String) -> HTTPField.Name {
    guard let field = HTTPField.Name(name) else { preconditionFailure("\(name) is not a field name") }
    return field
  }
}

extension HTTPFields {
  /// Fields with Allow alone.
  static func allow(_ methods: [String]) -> HTTPFields { [.allow: methods.joined(separator: ", ")] }

  /// The value of a field, as `self[name]`; cheaper where the field is there once or not at all.
  func value(of name: HTTPField.Name) -> String? {
    guard let index = firstIndex(where: { $0.name == name }) else { return nil }
    guard !self[(index + 1)...].contains(where: { $0.name == name }) else { return self[name] }
    return self[index].value
  }
}

extension FieldLines {
  /// The fields that say which weights there are.
  static func version(_ stamp: VersionStamp) -> FieldLines {
    var lines: FieldLines = [:]
    lines.append(version: stamp)
    return lines
  }

  /// Adds the fields that say which weights there are.
  mutating func append(version stamp: VersionStamp) {
    append(.weightsIteration, stamp.iterations)
    append(.modelEpoch, stamp.epoch.description)
  }
}
