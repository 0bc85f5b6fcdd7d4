import HTTPServer
import ModelStore

/// The entity tag of weights: `"EPOCH-wVERSION"`, of averages `"EPOCH-aVERSION"`, of an optimizer's weights
/// `"EPOCH-oVERSION"`, with what was selected of them behind.
struct WeightsTag: Sendable {
  /// The tag without quotes and selection.
  private let stem: String

  /// The tag of a version.
  init(_ kind: WeightsVersion.Kind, _ stamp: VersionStamp) {
    var bytes: [UInt8] = []
    bytes.append(tag: kind, stamp)
    stem = String(decoding: bytes, as: UTF8.self)
  }

  /// The tag of the averages of a status.
  init(average: ModelStatus.Average) {
    self.init(.averaged(snapshots: average.snapshots), average.stamp)
  }

  /// The tag of an optimizer's weights, which hold the averages too where there are some.
  init(optimizer slots: VersionStamp, average: VersionStamp?) {
    stem = "\(slots.epoch)-o\(slots.version)" + (average.map { "a\($0.version)" } ?? "")
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

extension [UInt8] {
  /// Appends the tag of a version, without quotes; nothing in it needs an escape in JSON.
  mutating func append(tag kind: WeightsVersion.Kind, _ stamp: VersionStamp) {
    self += stamp.epoch.description.utf8
    append(UInt8(ascii: "-"))
    let letter = if case .current = kind { UInt8(ascii: "w") } else { UInt8(ascii: "a") }
    append(letter)
    append(decimal: stamp.version)
  }
}

/// The tags of what can be changed; nil where there is nothing.
extension ModelStatus {
  /// Of the weights.
  var weightsTags: [WeightsTag]? { model.map { [WeightsTag(.current, $0.stamp)] } }
  /// Of the averages.
  var averageTags: [WeightsTag]? { model?.average.map { [WeightsTag(average: $0)] } }
  /// Of the optimizer's weights.
  var optimizerTags: [WeightsTag]? {
    model.map { [WeightsTag(optimizer: $0.slotStamp, average: $0.average?.stamp)] }
  }
}
