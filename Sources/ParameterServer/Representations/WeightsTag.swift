import ModelStore

/// The entity tag of weights: `"EPOCH-wVERSION"`, of averages `"EPOCH-aVERSION"`, with what was selected of them behind.
struct WeightsTag: Sendable {
  /// The tag without quotes and selection.
  private let stem: String

  /// The tag of a version.
  init(_ kind: WeightsVersion.Kind, _ stamp: VersionStamp) {
    let separator = if case .current = kind { "-w" } else { "-a" }
    stem = stamp.epoch.description + separator + String(stamp.version)
  }

  /// The tag of the averages of a status.
  init(average: ModelStatus.Average) {
    self.init(.averaged(snapshots: average.snapshots), average.stamp)
  }

  /// The tag of one representation; `selection` is empty for all of it as safetensors.
  func text(_ selection: [String] = []) -> String {
    selection.isEmpty ? "\"" + stem + "\"" : "\"" + ([stem] + selection).joined(separator: "-") + "\""
  }

  /// Whether an entity tag is one of this version, whatever its selection.
  func isOf(_ tag: Substring) -> Bool {
    tag.hasPrefix("\"\(stem)\"") || tag.hasPrefix("\"\(stem)-")
  }
}
