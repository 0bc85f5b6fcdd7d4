/// The ways in which a JSON text is not the tensors that it should be.
public enum JSONTensorsError: Error, Equatable {
  /// The text is not JSON.
  case malformed(JSONSyntaxError)
  /// A member of the outer object is there twice.
  case duplicateMember(String)
  /// Two tensors of one name (or two spellings of it that Unicode holds to be the same).
  case duplicateName(String)
  /// A field of a tensor's object is there twice.
  case duplicateField(tensor: String, field: String)

  /// The text is JSON, but no object with the member that holds the tensors.
  case notObject(member: String, came: String)
  /// The member that holds the tensors is missing.
  case missingMember(String)
  /// A member other than the tensors and `metadata`.
  case unknownMember(String, expected: String)
  /// The member that should hold the tensors is not an object.
  case memberNotObject(String)
  /// More tensors than are read.
  case tooManyTensors(limit: Int)
  /// A name that is empty, longer than 512 bytes, or holds a comma or a control character.
  case invalidName(String)
  /// Neither a number, nor a list, nor `true`, `false` or the name of a non-finite number.
  case notNumber(tensor: String, place: [Int])
  /// A list where its neighbours are numbers, or the other way round.
  case mixedDepth(tensor: String, place: [Int])
  /// A list that is longer or shorter than its neighbours.
  case ragged(tensor: String, place: [Int], expected: Int, came: Int)
  /// Lists nested deeper than there are dimensions.
  case tooManyDimensions(tensor: String, limit: Int)
  /// A field that a tensor's object does not have, or not beside its others.
  case unknownField(tensor: String, field: String)
  /// A field that a tensor's object needs.
  case missingField(tensor: String, field: String)
  /// `dtype` is not a string.
  case dtypeNotString(tensor: String)
  /// `dtype` is not the name of a type that is held here.
  case unknownDType(tensor: String, dtype: String)
  /// `shape` is not an array of whole numbers from 0 on.
  case invalidShape(tensor: String)
  /// The shape's product or its bytes do not fit into an integer.
  case sizeOverflow(tensor: String)
  /// `data` is not a flat array.
  case dataNotFlat(tensor: String)
  /// `data` has more or fewer numbers than the shape asks for.
  case countMismatch(tensor: String, expected: Int, came: Int)
  /// A number with a fraction or an exponent, or no number, for an integer.
  case notInteger(tensor: String, place: [Int], dtype: DType, came: String)
  /// Something else than `true`, `false`, 0 and 1 for a truth value.
  case notTruthValue(tensor: String, place: [Int])
  /// A number that is too large for the type.
  case outOfRange(tensor: String, place: [Int], dtype: DType, came: String)

  /// Whether the text itself is broken, rather than what it says.
  public var isMalformed: Bool {
    switch self {
    case .malformed, .duplicateMember, .duplicateName, .duplicateField: true
    default: false
    }
  }
}

extension JSONTensorsError: JSONFailure {
  package init(syntax: JSONSyntaxError) {
    self = .malformed(syntax)
  }
}

extension JSONTensorsError: CustomStringConvertible {
  /// A sentence for people that names the tensor and the place, what was expected and what came.
  public var description: String {
    switch self {
    case .malformed(let error): "the text is not JSON: \(error)"
    case .duplicateMember(let member): "'\(member)' is there twice"
    case .duplicateName(let name): "two tensors are named '\(name)'"
    case .duplicateField(let tensor, let field): "tensor '\(tensor)' has '\(field)' twice"
    case .notObject(let member, let came): "expected an object with the member '\(member)', came \(came)"
    case .missingMember(let member): "expected an object with the member '\(member)'"
    case .unknownMember(let member, let expected): "unknown member '\(member)', expected '\(expected)'"
    case .memberNotObject(let member): "'\(member)' is not an object of tensors by name"
    case .tooManyTensors(let limit): "more than \(limit) tensors"
    case .invalidName(let name):
      "invalid tensor name '\(name)': expected 1 to 512 bytes without commas and control characters"
    case .notNumber(let tensor, let place):
      "\(Self.name(tensor, place)) is not a number, a list, \"NaN\", \"Infinity\" or \"-Infinity\""
    case .mixedDepth(let tensor, let place): "lists and numbers stand side by side at \(Self.name(tensor, place))"
    case .ragged(let tensor, let place, let expected, let came):
      "the list \(Self.name(tensor, place)) has \(came) elements where its neighbours have \(expected)"
    case .tooManyDimensions(let tensor, let limit): "tensor '\(tensor)' has more than \(limit) dimensions"
    case .unknownField(let tensor, let field):
      "tensor '\(tensor)' has the unknown field '\(field)', expected dtype, shape and data, or indices and values"
    case .missingField(let tensor, let field): "tensor '\(tensor)' has no '\(field)'"
    case .dtypeNotString(let tensor): "the dtype of tensor '\(tensor)' is not a string"
    case .unknownDType(let tensor, let dtype):
      "tensor '\(tensor)' has dtype \(dtype), supported are \(DType.allCases.map(\.rawValue).joined(separator: ", "))"
    case .invalidShape(let tensor):
      "the shape of tensor '\(tensor)' is not a list of whole numbers from 0 on, written in digits alone"
    case .sizeOverflow(let tensor): "tensor '\(tensor)' has more elements than can be counted"
    case .dataNotFlat(let tensor): "the data of tensor '\(tensor)' is not a flat list of numbers"
    case .countMismatch(let tensor, let expected, let came):
      "tensor '\(tensor)' needs \(expected) numbers by its shape, came \(came)"
    case .notInteger(let tensor, let place, let dtype, let came):
      "\(Self.name(tensor, place)) must be written as \(dtype.rawValue), without fraction and exponent, came \(came)"
    case .notTruthValue(let tensor, let place): "\(Self.name(tensor, place)) is not true, false, 0 or 1"
    case .outOfRange(let tensor, let place, let dtype, let came):
      "\(Self.name(tensor, place)) is out of the range of \(dtype.rawValue): \(came)"
    }
  }

  private static func name(_ tensor: String, _ place: [Int]) -> String {
    "'\(tensor)'" + place.map { "[\($0)]" }.joined()
  }
}
