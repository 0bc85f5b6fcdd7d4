import HTTPServer
import Tensors

/// Which tensors a request wants, as what type and in which format, as its query says.
struct Selection: Sendable {
  /// The query parameters that it is made of.
  static let parameters = ["format", "names", "prefix", "dtype", "rows"]
  private static let dtypes: [DType] = [.f16, .bf16, .f32, .f64]

  /// Rows of axis 0 of one variable, in their order.
  struct Rows: Sendable {
    let variable: String
    let indices: [Int]
  }

  /// Names that are wanted, in union with prefixes; both nil for all.
  private let names: [String]?
  private let prefixes: [String]?
  private let rows: Rows?
  /// The type that floating-point tensors are converted to.
  private let dtype: DType?
  /// The format that the query names.
  let format: WeightsFormat?
  /// The query itself, empty or with its `?`.
  let query: String

  /// All as it lies.
  private static let whole = Selection()

  private init() {
    names = nil
    prefixes = nil
    rows = nil
    dtype = nil
    format = nil
    query = ""
  }

  /// Reads a query.
  init(_ query: Query) throws(Problem) {
    guard !query.isEmpty else {
      self = .whole
      return
    }
    self.query = query.text(of: Self.parameters)
    format = try WeightsFormat(query)
    names = try query.list("names")
    prefixes = query["prefix"] == "" ? [""] : try query.list("prefix")
    rows = try Self.rows(query)
    dtype = try Self.dtype(query)
    if rows != nil, names != nil || prefixes != nil {
      throw .invalidParameter("rows", expected: "alone: it selects its one variable", came: query["rows"] ?? "")
    }
  }

  private static func dtype(_ query: Query) throws(Problem) -> DType? {
    guard let name = query["dtype"] else { return nil }
    guard let dtype = dtypes.first(where: { $0.rawValue == name }) else {
      throw .invalidParameter("dtype", expected: dtypes.map(\.rawValue).joined(separator: ", "), came: name)
    }
    return dtype
  }

  /// Whether it is all of the tensors as they lie, as far as the query tells.
  var isWhole: Bool { names == nil && prefixes == nil && rows == nil && dtype == nil }

  private static func rows(_ query: Query) throws(Problem) -> Rows? {
    guard let text = query["rows"] else { return nil }
    func failure() -> Problem {
      .invalidParameter("rows", expected: "VARIABLE:ROW,ROW…, rows from 0 on", came: text)
    }
    // A name may hold colons itself.
    guard let colon = text.lastIndex(of: ":"), let name = Query.decoded(text[..<colon]) else { throw failure() }
    var indices: [Int] = []
    for item in text[text.index(after: colon)...].split(separator: ",", omittingEmptySubsequences: false) {
      guard let digits = Query.decoded(item), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
        let index = Int(digits)
      else { throw failure() }
      indices.append(index)
    }
    return Rows(variable: name, indices: indices)
  }

  /// Finds what is wanted among the tensors that there are; 404 when one that is named is not there, or there is nothing.
  ///
  /// Cost: a look-up for each name, one pass over the tensors for prefixes or a type.
  func choose(from list: TensorList) throws(Problem) -> TensorChoice {
    if let rows { return try choose(rows, from: list) }
    guard let indices = try indices(in: list) else {
      guard let dtype else { return TensorChoice(all: list) }
      return TensorChoice(Array(0..<list.count), of: list, as: dtype)
    }
    return TensorChoice(indices, of: list, as: dtype)
  }

  /// The entries that are wanted, ascending; nil for all.
  private func indices(in list: TensorList) throws(Problem) -> [Int]? {
    guard names != nil || prefixes != nil else { return nil }
    var wanted: Set<Int> = []
    for name in names ?? [] {
      guard let index = list.index(of: name) else { throw Self.unknown(name, in: list) }
      wanted.insert(index)
    }
    if let prefixes {
      for index in 0..<list.count {
        let name = list.layout.entries[index].variable.name.utf8
        if prefixes.contains(where: { name.starts(with: $0.utf8) }) { wanted.insert(index) }
      }
    }
    guard !wanted.isEmpty else { throw .notFound("no variable is selected by names and prefix") }
    return wanted.sorted()
  }

  private func choose(_ rows: Rows, from list: TensorList) throws(Problem) -> TensorChoice {
    guard let index = list.index(of: rows.variable) else { throw Self.unknown(rows.variable, in: list) }
    guard let count = list.layout.entries[index].variable.shape.first else {
      throw .noSuchRow(of: rows.variable, detail: "it is a scalar and has no rows")
    }
    for row in rows.indices where row >= count {
      throw .noSuchRow(of: rows.variable, detail: "rows must be from 0 to below \(count), got \(row)")
    }
    return TensorChoice(rows.indices, ofRowsOf: index, in: list, as: dtype)
  }

  private static func unknown(_ name: String, in list: TensorList) -> Problem {
    .notFound("no \(list.part == .slot ? "trainable " : "")variable is named '\(name.escaped)'")
  }
}
