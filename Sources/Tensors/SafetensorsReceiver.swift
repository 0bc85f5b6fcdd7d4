/// Takes a safetensors file as it arrives: the header first, which the owner looks at and places, then the data.
public struct SafetensorsReceiver: Sendable {
  private static let firstHeaderByteCount = 64 << 10

  private enum Phase: Sendable {
    case prefix
    case header(byteCount: Int)
    case placing
    case data
  }

  private let totalByteCount: Int?
  private var phase = Phase.prefix
  private var prefix = InlineArray<8, UInt8>(repeating: 0)
  /// Bytes of the prefix, and then of the header, that have come.
  private var filled = 0
  /// The header's bytes without the prefix, as soon as all are there and until it is placed.
  public private(set) var headerBytes: [UInt8]?
  private var buffer: [UInt8] = []
  /// What takes the data, once the header was placed.
  public var intake: TensorIntake?

  /// Takes a file of a known or unknown length.
  public init(totalByteCount: Int?) {
    self.totalByteCount = totalByteCount
  }

  /// The bytes of data that follow the header, where the file's length is known; only once `headerBytes` are there.
  public var dataByteCount: Int? {
    guard let totalByteCount, let headerBytes else { return nil }
    return max(totalByteCount - SafetensorsHeader.lengthPrefixByteCount - headerBytes.count, 0)
  }

  /// The header, once its bytes are there and until it is placed; nil before and after.
  public func header() throws(SafetensorsReceiverError) -> SafetensorsHeader? {
    guard let headerBytes else { return nil }
    do throws(SafetensorsError) {
      return try SafetensorsHeader(parsing: headerBytes.span, dataByteCount: dataByteCount)
    } catch {
      throw .safetensors(error)
    }
  }

  /// Says where the data belongs; called once after `headerBytes` have come.
  public mutating func place(_ intake: TensorIntake) {
    self.intake = intake
    phase = .data
    headerBytes = nil
  }

  /// Takes the next bytes: `fill` writes to the front of the memory where they belong and returns how many.
  public mutating func receive(_ fill: (inout MutableSpan<UInt8>) -> Int) throws(SafetensorsReceiverError) {
    switch phase {
    case .prefix, .header: try receiveHeader(fill)
    case .placing: preconditionFailure("a header is placed before data is received")
    case .data:
      guard intake?.isComplete == false else { return try refuseSurplus(fill) }
      do {
        try intake?.receive(fill)
      } catch {
        throw .region(error)
      }
    }
  }

  /// Checks that the file is whole.
  public func finish() throws(SafetensorsReceiverError) {
    switch phase {
    case .prefix:
      throw .safetensors(.truncatedHeader(expected: SafetensorsHeader.lengthPrefixByteCount, came: filled))
    case .header(let byteCount): throw .safetensors(.truncatedHeader(expected: byteCount, came: filled))
    case .placing: break
    case .data:
      guard intake?.isComplete == true else { throw .truncatedData }
    }
  }

  private mutating func receiveHeader(
    _ fill: (inout MutableSpan<UInt8>) -> Int
  ) throws(SafetensorsReceiverError) {
    switch phase {
    case .prefix:
      receivePrefix(fill)
      guard filled == SafetensorsHeader.lengthPrefixByteCount else { return }
      do throws(SafetensorsError) {
        phase = .header(byteCount: try SafetensorsHeader.lengthPrefix(parsing: prefix.span))
      } catch {
        throw .safetensors(error)
      }
      filled = 0
    case .header(let byteCount):
      receiveHeader(byteCount, fill)
      guard filled == byteCount else { return }
      headerBytes = buffer
      buffer = []
      phase = .placing
    case .placing, .data: break
    }
  }

  private mutating func receivePrefix(_ fill: (inout MutableSpan<UInt8>) -> Int) {
    let begin = filled
    var all = prefix.mutableSpan
    var rest = all._mutatingExtracting(begin..<all.count)
    let count = fill(&rest)
    filled = begin + count
  }

  /// The buffer grows as bytes come, never for what was merely announced.
  private mutating func receiveHeader(_ byteCount: Int, _ fill: (inout MutableSpan<UInt8>) -> Int) {
    let begin = filled
    if begin == buffer.count {
      let larger = min(byteCount, max(Self.firstHeaderByteCount, 2 * begin))
      buffer += [UInt8](repeating: 0, count: larger - begin)
    }
    guard begin < byteCount else { return }
    var all = buffer.mutableSpan
    var rest = all._mutatingExtracting(begin..<all.count)
    let count = fill(&rest)
    filled = begin + count
  }

  private func refuseSurplus(_ fill: (inout MutableSpan<UInt8>) -> Int) throws(SafetensorsReceiverError) {
    var scratch: [UInt8] = [0]
    var span = scratch.mutableSpan
    guard fill(&span) == 0 else { throw .surplusData }
  }
}

/// Why a safetensors file was not taken.
public enum SafetensorsReceiverError: Error, Sendable {
  /// The header is wrong.
  case safetensors(SafetensorsError)
  /// The file ends before its data does.
  case truncatedData
  /// The file goes on behind its data.
  case surplusData
  /// There is no memory.
  case region(RegionError)
}
