public import Tensors

/// Why a body for a model was not taken.
public enum BodyError: Error, Sendable {
  /// The bytes are not a whole safetensors file.
  case file(SafetensorsReceiverError)
  /// The bytes are not a whole npz file.
  case npz(NpzError)
  /// The text is not JSON tensors.
  case json(JSONTensorsError)
  /// The file is fine and does not fit the model.
  case model(ModelError)
  /// A list of names in the file's metadata is not a JSON list of strings.
  case metadata(key: String, detail: String)
}
