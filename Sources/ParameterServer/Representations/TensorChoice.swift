import Tensors

/// Tensors chosen from a list, and what becomes of them on their way out.
struct TensorChoice: Sendable {
  /// One tensor: where it lies, which of its rows are taken, all without any, and what it becomes.
  struct Item: Sendable {
    let source: TensorDescription
    let rows: [Int]?
    let dtype: DType

    /// A tensor as `dtype` if it is of a floating-point type, else as it is.
    init(_ source: TensorDescription, rows: [Int]? = nil, as dtype: DType?) {
      self.source = source
      self.rows = rows
      self.dtype = source.dtype.isFloatingPoint ? dtype ?? source.dtype : source.dtype
    }

    /// The shape of what is taken.
    var shape: [Int] { rows.map { [$0.count] + source.shape.dropFirst() } ?? source.shape }

    /// Elements of what is taken; nil when they cannot be counted.
    var elementCount: Int? {
      guard let rows else { return source.elementCount }
      let width = source.shape.dropFirst().reduce(1, *)
      let (count, overflow) = rows.count.multipliedReportingOverflow(by: width)
      return overflow ? nil : count
    }
  }

  let list: TensorList
  /// What is taken, wider types first so that everything is aligned; nil for the whole list as it lies.
  let items: [Item]?
  /// The entries of the items, in their order; none without items.
  let indices: [Int]
  /// Tells this choice from all others of the same list; empty for the whole list as it lies.
  let tags: [String]

  /// All of a list as it lies.
  init(all list: TensorList) {
    self.list = list
    items = nil
    indices = []
    tags = []
  }

  /// Entries of a list, ascending, floating-point tensors as `dtype`.
  init(_ indices: [Int], of list: TensorList, as dtype: DType?) {
    let chosen = indices.map { (index: $0, item: Item(list.tensor($0), as: dtype)) }
    let isPart = indices.count < list.count
    let isConverted = chosen.contains { $0.item.dtype != $0.item.source.dtype }
    let sorted = chosen.enumerated().sorted {
      ($1.element.item.dtype.byteCount, $0.offset) < ($0.element.item.dtype.byteCount, $1.offset)
    }
    self.list = list
    items = isPart || isConverted ? sorted.map(\.element.item) : nil
    self.indices = sorted.map(\.element.index)
    tags = (isConverted ? [dtype?.rawValue.lowercased() ?? ""] : []) + (isPart ? ["x" + Self.digest(of: indices)] : [])
  }

  /// Rows of one entry of a list, as `dtype` if it is of a floating-point type.
  init(_ rows: [Int], ofRowsOf index: Int, in list: TensorList, as dtype: DType?) {
    self.list = list
    let item = Item(list.tensor(index), rows: rows, as: dtype)
    items = [item]
    indices = [index]
    let isConverted = item.dtype != item.source.dtype
    tags = (isConverted ? [item.dtype.rawValue.lowercased()] : []) + ["r" + Self.digest(of: [index] + rows)]
  }

  /// FNV-1a of 128 bits over the numbers' bytes, in hexadecimal digits: the same in every run of the server.
  ///
  /// http://www.isthe.com/chongo/tech/comp/fnv/ has its constants.
  private static func digest(of numbers: [Int]) -> String {
    var hash: UInt128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d
    for number in numbers {
      for shift in stride(from: 0, to: 64, by: 8) {
        hash ^= UInt128(UInt8(truncatingIfNeeded: number >> shift))
        hash &*= 0x0000_0000_0100_0000_0000_0000_0000_013b
      }
    }
    return String(hash, radix: 16)
  }
}
