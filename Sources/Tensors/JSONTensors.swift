/// Which tensors a JSON text holds and where in it their numbers stand, which are read in a second pass.
///
/// The text is `{"variables":{"w":[[1,2],[3,4]],"n":{"dtype":"I64","shape":[],"data":[3]}}}`, or with another outer
/// name; of a `metadata` beside it the strings are kept.
public struct JSONTensors: Sendable {
  /// Numbers in the text: a nested list, or a flat one with a shape.
  public struct Numbers: Sendable, Equatable {
    /// The extent of each axis; empty for a scalar.
    public let shape: [Int]
    /// Where they stand, brackets included.
    let text: Range<Int>

    /// How many numbers there are.
    public var count: Int { shape.reduce(1, *) }
  }

  /// How a tensor is written.
  public enum Form: Sendable, Equatable {
    /// A nested list, whose depth and lengths are the shape.
    case list(Numbers)
    /// An object of dtype, shape and flat data.
    case object(DType, Numbers)
    /// An object of indices and the values at them.
    case sparse(indices: Numbers, values: Numbers)
  }

  /// A tensor of the text.
  public struct Entry: Sendable, Equatable {
    /// Its name.
    public let name: String
    /// How it is written.
    public let form: Form
  }

  /// The tensors in the order of the text.
  public let entries: [Entry]
  /// The strings of `metadata`.
  public let metadata: [String: String]

  /// Finds the tensors in the object that is `member` of the text.
  ///
  /// A text that is no JSON is called that, even when something before the place where it breaks is wrong as well.
  /// - Complexity: linear in the text; holds nothing but names, shapes and places.
  public init(parsing text: Span<UInt8>, member: String) throws(JSONTensorsError) {
    var reader = JSONTensorsReader()
    do {
      try reader.read(text, member: member)
    } catch {
      if !error.isMalformed {
        var cursor = JSONCursor<JSONTensorsError>()
        cursor.skipWhitespace(in: text)
        try cursor.skipValue(in: text)
        try cursor.end(in: text)
      }
      throw error
    }
    entries = reader.entries
    metadata = reader.metadata
  }
}
