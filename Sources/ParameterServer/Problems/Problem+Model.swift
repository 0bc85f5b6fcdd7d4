import HTTPServer
import HTTPTypes
import ModelStore
import Optimizers
import Tensors

/// What the model's errors are in HTTP: exhaustive, so that a new error does not compile until it has a status.
extension Problem {
  /// `missing` is the status where there is no model or no average.
  init(_ error: ModelError, missing: HTTPResponse.Status = .conflict) {
    switch error {
    case .noModel: self = .noModel(missing)
    case .noAverage: self = .noAverage(missing)
    case .modelExists: self = .preconditionFailed("there is a model already", field: .ifNoneMatch)
    case .otherWeights(let present): self = .ifMatchFailed(present: [WeightsTag(.current, present)])
    case .preconditionFailed:
      self = .preconditionFailed("what If-Match or If-None-Match asks for was changed in the meantime; GET it anew")
    case .modelMismatch(let variable, let expected, let came):
      self = Problem(
        "model-mismatch", title: "Not this model", status: .conflict,
        detail: "variable '\(variable.escaped)': the model has \(expected), got \(came)",
        members: [("variable", .string(variable.escaped))])
    case .unknownVariable(let name):
      self = .unprocessable(
        "unknown-variable", "Unknown variable", name, "the model has no variable '\(name.escaped)'")
    case .shapeMismatch(let variable, let expected, let came):
      self = .unprocessable(
        "shape-mismatch", "Shape mismatch", variable,
        "'\(variable.escaped)' must have shape \(expected), got \(came)")
    case .dtypeMismatch(let variable, let expected, let came):
      self = .unprocessable(
        "dtype-mismatch", "Type mismatch", variable, "'\(variable.escaped)' must be \(expected), got \(came)")
    case .indexOutOfRange(let variable, let index, let count):
      self = .unprocessable(
        "index-out-of-range", "Index out of range", variable,
        "'\(variable.escaped)/indices' must be from 0 to below \(count), got \(index)")
    case .sparsePair(let variable, let detail):
      self = .unprocessable(
        "shape-mismatch", "Incomplete sparse gradient", variable,
        "the sparse gradient of '\(variable.escaped)' must be one pair of indices and values: \(detail.escaped)")
    case .noGradients:
      self = Problem(
        "no-gradients", title: "No gradients", status: .unprocessableContent,
        detail: "no trainable variable has a gradient in this body")
    case .rowsOfValues(let variable):
      self = .unprocessable(
        "shape-mismatch", "Rows of values", variable,
        "rounds of the rule Assign take whole variables, and of '\(variable.escaped)' came some rows")
    case .roundTooLarge(let replicas, let byteCount, let limit):
      self = Problem(
        "too-large", title: "Too large for rounds", status: .unprocessableContent,
        detail: """
          \(replicas) replicas with gradients of \(byteCount) bytes are more than the \(limit) bytes of \
          --max-inflight-bytes
          """)
    case .nonFinite(let variable):
      self = .unprocessable(
        "non-finite-gradient", "Non-finite gradient", variable,
        "'\(variable.escaped)' holds NaN or infinity; expected finite numbers")
    case .invalidName(let name, let detail):
      self = .unprocessable(
        "invalid-name", "Invalid name", name, "a variable can't be named '\(name.escaped)': \(detail)")
    case .invalidTrainable(let variable, let detail):
      self = .unprocessable("unknown-variable", "Not trainable", variable, "'\(variable.escaped)': \(detail)")
    case .iterationAhead(let came, let iterations):
      self = Problem(
        "iteration-ahead", title: "Iteration ahead", status: .conflict,
        detail: "Weights-Iteration is \(came), and the model has taken \(iterations) steps",
        members: [("field", .string("Weights-Iteration")), ("iterations", .integer(iterations))])
    case .staleGradient(let base, let iterations, let limit):
      self = Problem(
        "stale-gradient", title: "Stale gradient", status: .conflict,
        detail: """
          Weights-Iteration is \(base) and the model has taken \(iterations) steps; at most \(limit) behind is taken: \
          GET the weights anew
          """,
        members: [("field", .string("Weights-Iteration")), ("iterations", .integer(iterations))])
    case .epochMismatch(let came, let expected):
      self = Problem(
        "model-epoch-mismatch", title: "Another model epoch", status: .conflict,
        detail: "the model's epoch is \(expected), got \(came.escaped); GET the weights anew",
        members: [("field", .string("Model-Epoch")), ("model_epoch", .string(expected))])
    case .keyOfAnotherBody(let first, let came):
      self = Problem(
        "idempotency-mismatch", title: "Another body under this key", status: .unprocessableContent,
        detail: """
          Idempotency-Key is that of a push of \(first), got \(came): a new push takes a new key, and the push itself was \
          applied
          """,
        members: [("field", .string("Idempotency-Key"))])
    case .configuration(let error): self = Problem(error)
    case .invalidState(let item, let expected):
      self = Problem(
        "model-mismatch", title: "Not this optimizer's state", status: .conflict,
        detail: "'\(item.escaped)': expected \(expected)", members: [("variable", .string(item.escaped))])
    case .noSlot(let name, let slots):
      self = Problem(
        "no-slot", title: "No such slot", status: .notFound,
        detail: "the optimizer has no slot '\(name.escaped)'; it has \(slots.joined(separator: ", "))",
        members: [("allowed", .strings(slots))])
    case .outOfMemory(let byteCount):
      self = .busy("the system has no memory for \(byteCount) bytes")
    case .fullDisk(let detail): self = .fullDisk(detail)
    case .journalFailed(let detail): self = .journalFailed(detail)
    case .checkpointFailed(let detail): self = .checkpointFailed(detail)
    case .noDataDirectory: self = .noDataDirectory
    }
  }

  /// A body that was not taken.
  init(_ error: BodyError) {
    switch error {
    case .model(let error): self.init(error)
    case .json(let error): self.init(error)
    case .metadata(let key, let detail):
      self = Problem(
        "malformed-body", title: "Malformed metadata", status: .unprocessableContent,
        detail: "__metadata__[\"\(key)\"]: \(detail.escaped)", members: [("field", .string(key))])
    case .file(.safetensors(let error)): self.init(error)
    case .npz(let error): self.init(error)
    case .file(.truncatedData): self = .malformedBody("the body ends before its tensors' data does")
    case .file(.surplusData): self = .malformedBody("the body goes on behind its tensors' data")
    case .file(.region(.outOfMemory(let byteCount))):
      self = .busy("the system has no memory for \(byteCount) bytes")
    }
  }

  /// A wrong configuration.
  init(_ error: ConfigurationError) {
    let name = error.isNotPatchable ? "not-patchable" : "invalid-optimizer"
    let title = error.isNotPatchable ? "Can't be changed on a running optimizer" : "Invalid optimizer"
    self.init(
      name, title: title, status: .unprocessableContent,
      detail: "\(error.field.escaped): expected \(error.allowed), got \(error.came.escaped)",
      members: [("field", .string(error.field.escaped)), ("allowed", .string(error.allowed))])
  }

  /// A wrong safetensors header: broken syntax is a 400, a sound one that can't be a model's a 422.
  private init(_ error: SafetensorsError) {
    switch error {
    case .invalidName(let name):
      self = .unprocessable(
        "invalid-name", "Invalid name", name, "\(SafetensorsError.invalidName(name.escaped))")
    case .unsupportedDType(let tensor, let dtype):
      self = .unprocessable(
        "dtype-mismatch", "Type mismatch", tensor,
        "\(SafetensorsError.unsupportedDType(tensor: tensor.escaped, dtype: dtype))")
    case .tooManyDimensions(let tensor, let limit):
      self = .unprocessable(
        "shape-mismatch", "Shape mismatch", tensor,
        "\(SafetensorsError.tooManyDimensions(tensor: tensor.escaped, limit: limit))")
    case .tooManyTensors: self = .meaningless("\(error)")
    default:
      self = .malformedBody("not a safetensors file: \(String(describing: error).escaped)")
    }
  }

  /// A wrong npz file: broken syntax is a 400, an array that can't be a model's a 422, a packing that is not taken a 415.
  private init(_ error: NpzError) {
    let text = String(describing: error).escaped
    switch error {
    case .compressed, .encrypted:
      self = .unsupportedMediaType(text, allowed: BodyFormat.fileTypes)
    case .invalidName(let name): self = .unprocessable("invalid-name", "Invalid name", name, text)
    case .unsupportedDType(let member, _), .bigEndian(let member, _):
      self = .unprocessable("dtype-mismatch", "Type mismatch", member, text)
    case .tooManyDimensions(let member, _):
      self = .unprocessable("shape-mismatch", "Shape mismatch", member, text)
    case .tooManyTensors: self = .meaningless(text)
    case .outOfMemory(let byteCount): self = .busy("the system has no memory for \(byteCount) bytes")
    default: self = .malformedBody("not an npz file: \(text)")
    }
  }

  /// Wrong JSON tensors: broken syntax is a 400, what is well-formed and wrong a 422.
  private init(_ error: JSONTensorsError) {
    let text = String(describing: error).escaped
    switch error {
    case _ where error.isMalformed: self = .malformedBody(text)
    case .invalidName(let name):
      self = .unprocessable(
        "invalid-name", "Invalid name", name, "\(JSONTensorsError.invalidName(name.escaped))")
    case .unknownDType(let tensor, _): self = .unprocessable("dtype-mismatch", "Type mismatch", tensor, text)
    case .notInteger(let tensor, _, _, _), .notTruthValue(let tensor, _), .outOfRange(let tensor, _, _, _),
      .notNumber(let tensor, _):
      self = .unprocessable("dtype-mismatch", "Type mismatch", tensor, text)
    case .mixedDepth(let tensor, _), .ragged(let tensor, _, _, _), .tooManyDimensions(let tensor, _),
      .invalidShape(let tensor), .sizeOverflow(let tensor), .countMismatch(let tensor, _, _),
      .dataNotFlat(let tensor):
      self = .unprocessable("shape-mismatch", "Shape mismatch", tensor, text)
    case .unknownField(let tensor, _), .missingField(let tensor, _), .dtypeNotString(let tensor):
      self = .unprocessable("malformed-body", "Malformed body", tensor, text)
    default: self = .meaningless(text)
    }
  }

  /// A body that is well-formed and can't be what it should be.
  private static func meaningless(_ detail: String) -> Problem {
    Problem("malformed-body", title: "Malformed body", status: .unprocessableContent, detail: detail)
  }

  private static func unprocessable(
    _ name: String, _ title: String, _ variable: String, _ detail: String
  ) -> Problem {
    Problem(
      name, title: title, status: .unprocessableContent, detail: detail,
      members: [("variable", .string(variable.escaped))])
  }
}
