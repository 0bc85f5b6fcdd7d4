import FoundationEssentials
import Optimizers
import ParameterServer
import Tensors
import Testing

/// One recorded run of TensorFlow Addons: an optimizer, what it was given step by step, and what it computed.
struct GoldenCase: Sendable, CustomTestStringConvertible {
  /// What TensorFlow was given for a variable in one step.
  enum Form: String {
    case dense, sparse, none
  }

  /// What was done after a step.
  enum Event {
    case assignAverages
    case learningRate(ConfigValue)
  }

  struct Step {
    let gradients: [(variable: String, form: Form)]
    let iterations: Int
    let event: Event?
  }

  let name: String
  let dtype: DType
  let config: ConfigValue
  let variables: [Variable]
  let steps: [Step]
  let weightNames: [String]
  let slotNames: [String]
  private let file: TensorFile
  private let prefix: String

  var testDescription: String { name }

  /// Whether TensorFlow ran the rule alone, where its wrappers can't run.
  var isBare: Bool { wrapper != "SWA" && wrapper != "MovingAverage" }

  /// The class of the wrapper, or of the bare rule.
  var wrapper: String {
    let name = config["class_name"]?.text ?? ""
    return name.hasPrefix("Addons>") ? String(name.dropFirst(7)) : name
  }

  /// The class of the rule.
  var rule: String {
    isBare ? wrapper : config["config"]?["optimizer"]?["class_name"]?.text ?? ""
  }

  /// A recorded tensor of this case.
  func tensor(_ name: String) -> TensorDescription? { file[prefix + name] }

  /// A recorded tensor's bytes.
  func bytes(_ name: String) throws -> [UInt8] {
    let found = try #require(self.tensor(name), "\(self.name) has no \(name)")
    return file.data.withBytes(in: found.range) { span in span.indices.map { span[$0] } }
  }

  /// A recorded tensor as a value.
  func value(_ name: String) throws -> Tensor {
    let found = try #require(self.tensor(name), "\(self.name) has no \(name)")
    return Tensor(dtype: found.dtype, shape: found.shape, in: file.data, at: found.range.lowerBound)
  }

  /// A recorded float tensor, widened.
  func values(_ name: String) throws -> [Double] {
    try GoldenCase.doubles(bytes(name), of: dtype)
  }

  /// Little-endian elements, widened to float64.
  static func doubles(_ bytes: [UInt8], of dtype: DType) -> [Double] {
    let size = dtype.byteCount
    return stride(from: 0, to: bytes.count, by: size).map { start in
      var bits: UInt64 = 0
      for index in 0..<size { bits |= UInt64(bytes[start + index]) << UInt64(8 * index) }
      return size == 8 ? Double(bitPattern: bits) : Double(Float(bitPattern: UInt32(bits)))
    }
  }
}

extension GoldenCase {
  static let groups = [
    "rule", "sparse", "swa", "clip", "schedule", "float64", "missing", "events", "shapes", "moving_average",
    "more_rules", "more_double", "more_sparse", "more_sparse_double", "more_schedules", "more_clip",
    "more_moving_average",
  ]

  /// The cases of a group.
  static func all(in group: String) throws -> [GoldenCase] {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Fixtures/golden")
    let json = try Array(Data(contentsOf: folder.appending(path: group + ".json")))
    let tensors = try Array(Data(contentsOf: folder.appending(path: group + ".safetensors")))
    let file = try TensorFile(decoding: tensors.span, pool: RegionPool())
    let cases = try #require(JSONConfiguration.value(of: json.span)["cases"]?.items)
    return try cases.map { try GoldenCase($0, file: file) }
  }

  private init(_ value: ConfigValue, file: TensorFile) throws {
    name = try #require(value["name"]?.text)
    prefix = String(name.split(separator: "/")[1]) + "/"
    self.file = file
    let dtype: DType = value["dtype"]?.text == "float64" ? .f64 : .f32
    self.dtype = dtype
    config = try #require(value["config"])
    weightNames = try #require(value["weight_names"]?.items).compactMap(\.text)
    slotNames = try #require(value["slot_names"]?.items).compactMap(\.text)
    let variables = try #require(value["variables"]?.items).map { variable in
      Variable(
        name: try #require(variable["name"]?.text), dtype: dtype,
        shape: try #require(variable["shape"]?.items).compactMap(\.integer), isTrainable: true)
    }
    self.variables = variables
    steps = try #require(value["steps"]?.items).map { try Step($0, variables: variables) }
  }
}

extension GoldenCase.Step {
  fileprivate init(_ value: ConfigValue, variables: [Variable]) throws {
    iterations = try #require(value["iterations"]?.integer)
    gradients = try variables.map { variable in
      let form = try #require(value["gradients"]?[variable.name]?.text)
      return (variable.name, try #require(GoldenCase.Form(rawValue: form)))
    }
    switch value["event"] {
    case nil: event = nil
    case .string("assign_average_vars")?: event = .assignAverages
    case let other?: event = .learningRate(try #require(other["learning_rate"]))
    }
  }
}

extension ConfigValue {
  /// The text of a string.
  var text: String? { if case .string(let text) = self { text } else { nil } }
  /// The value of an integer.
  var integer: Int? { if case .integer(let integer) = self { integer } else { nil } }
  /// The values of a list.
  var items: [ConfigValue]? { if case .list(let items) = self { items } else { nil } }
}
