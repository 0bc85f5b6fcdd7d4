/// The formats of files of tensors.
public enum TensorFileFormat: Sendable {
  /// Of the library of that name: one header, then all data.
  case safetensors
  /// NumPy's archive of arrays.
  case npz
}
