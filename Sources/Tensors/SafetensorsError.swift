/// The ways in which bytes are not a safetensors file that can be read here.
public enum SafetensorsError: Error, Equatable {
  /// The file ends before its header does: bytes needed, and bytes there are.
  case truncatedHeader(expected: Int, came: Int)
  /// The length prefix asks for a longer header than is read.
  case headerTooLong(byteCount: UInt64, limit: Int)
  /// The header's first byte, if it has one, is not `{`.
  case headerNotObject
  /// The header is not JSON; offsets count from its first byte.
  case malformedHeader(JSONSyntaxError)
  /// More tensors than are read.
  case tooManyTensors(limit: Int)
  /// A name that is empty, longer than 512 bytes, or holds a comma or a control character.
  case invalidName(String)
  /// Two tensors of one name (or two spellings of it that Unicode holds to be the same).
  case duplicateName(String)
  /// A tensor's entry is not an object.
  case entryNotObject(tensor: String)
  /// A tensor's entry lacks `dtype`, `shape` or `data_offsets`.
  case missingField(tensor: String, field: String)
  /// A tensor's entry has a field twice.
  case duplicateField(tensor: String, field: String)
  /// A tensor's dtype is not a string.
  case dtypeNotString(tensor: String)
  /// A dtype that the format does not know.
  case unknownDType(tensor: String, dtype: String)
  /// A dtype that the format knows and this library does not hold.
  case unsupportedDType(tensor: String, dtype: String)
  /// A shape is not an array of whole numbers from 0 on.
  case invalidShape(tensor: String)
  /// More dimensions than are read.
  case tooManyDimensions(tensor: String, limit: Int)
  /// The shape's product, or all bytes up to this tensor, are more than can be addressed.
  case sizeOverflow(tensor: String)
  /// `data_offsets` is not an array of two whole numbers from 0 on, the first at most the second.
  case invalidOffsets(tensor: String)
  /// `data_offsets` are not as far apart, or values not as many, as dtype and shape ask for; in bytes.
  case sizeMismatch(tensor: String, expected: Int, came: Int)
  /// Bytes between the tensor before (or the beginning) and this one belong to no tensor.
  case hole(tensor: String, expected: Int, came: Int)
  /// A tensor begins before the one in front of it ends.
  case overlap(tensor: String, expected: Int, came: Int)
  /// The data is shorter or longer than the tensors together.
  case dataLength(expected: Int, came: Int)
  /// The system has no memory for the data.
  case outOfMemory(byteCount: Int)
  /// `__metadata__` is there twice.
  case duplicateMetadata
  /// `__metadata__` is not an object.
  case metadataNotObject
  /// A value in `__metadata__` is not a string.
  case metadataNotString(key: String)
  /// A key of `__metadata__` is there twice.
  case duplicateMetadataKey(String)
}

extension SafetensorsError: JSONFailure {
  package init(syntax: JSONSyntaxError) {
    self = .malformedHeader(syntax)
  }
}

extension SafetensorsError: CustomStringConvertible {
  /// A sentence for people that names the tensor, what was expected and what came.
  public var description: String {
    switch self {
    case .truncatedHeader(let expected, let came):
      "the file ends inside its header: expected at least \(expected) bytes, came \(came)"
    case .headerTooLong(let byteCount, let limit):
      "the header is \(byteCount) bytes long, at most \(limit) are read"
    case .headerNotObject: "the header is empty or does not begin with '{'"
    case .malformedHeader(let error): "the header is not JSON: \(error)"
    case .tooManyTensors(let limit): "more than \(limit) tensors"
    case .invalidName(let name):
      "invalid tensor name '\(name)': expected 1 to 512 bytes without commas and control characters"
    case .duplicateName(let name): "two tensors are named '\(name)'"
    case .entryNotObject(let tensor): "the entry of tensor '\(tensor)' is not an object"
    case .missingField(let tensor, let field): "tensor '\(tensor)' has no '\(field)'"
    case .duplicateField(let tensor, let field): "tensor '\(tensor)' has '\(field)' twice"
    case .dtypeNotString(let tensor): "the dtype of tensor '\(tensor)' is not a string"
    case .unknownDType(let tensor, let dtype): "tensor '\(tensor)' has the unknown dtype '\(dtype)'"
    case .unsupportedDType(let tensor, let dtype):
      "tensor '\(tensor)' has dtype \(dtype), supported are \(DType.allCases.map(\.rawValue).joined(separator: ", "))"
    case .invalidShape(let tensor):
      "the shape of tensor '\(tensor)' is not a list of whole numbers from 0 on, written in digits alone"
    case .tooManyDimensions(let tensor, let limit): "tensor '\(tensor)' has more than \(limit) dimensions"
    case .sizeOverflow(let tensor): "tensor '\(tensor)' has more elements than can be counted"
    case .invalidOffsets(let tensor): "data_offsets of tensor '\(tensor)' are not [begin, end]"
    case .sizeMismatch(let tensor, let expected, let came):
      "tensor '\(tensor)' needs \(expected) bytes by its dtype and shape, came \(came)"
    case .hole(let tensor, let expected, let came):
      "tensor '\(tensor)' begins at byte \(came) of the data and leaves a hole from \(expected) on"
    case .overlap(let tensor, let expected, let came):
      "tensor '\(tensor)' begins at byte \(came) of the data, where the tensor before it still lies until \(expected)"
    case .dataLength(let expected, let came): "the tensors need \(expected) bytes of data, came \(came)"
    case .outOfMemory(let byteCount): "no memory for \(byteCount) bytes of data"
    case .duplicateMetadata: "'__metadata__' is there twice"
    case .metadataNotObject: "'__metadata__' is not an object"
    case .metadataNotString(let key): "'__metadata__' has a value for '\(key)' that is not a string"
    case .duplicateMetadataKey(let key): "'__metadata__' has '\(key)' twice"
    }
  }
}
