/// Takes a safetensors file as it arrives: the header first, which the owner looks at and places, then the data.
public struct SafetensorsReceiver: Sendable {
  private enum Phase: Sendable {
    case prefix
    case header(byteCount: Int)
    case placing
    case data
  }

  private let totalByteCount: Int?
  private var phase = Phase.prefix
  private let pool: RegionPool
  private var buffer: Region?
  private var buffered = 0
  /// The header, as soon as it is there and until it is placed.
  public private(set) var header: SafetensorsHeader?
  /// What takes the data, once the header was placed.
  public var intake: TensorIntake?

  /// Takes a file of a known or unknown length.
  public init(totalByteCount: Int?, pool: RegionPool) {
    self.totalByteCount = totalByteCount
    self.pool = pool
  }

  /// Says where the data belongs; called once after `header` has come.
  public mutating func place(_ intake: TensorIntake) {
    self.intake = intake
    phase = .data
    header = nil
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
      throw .safetensors(.truncatedHeader(expected: SafetensorsHeader.lengthPrefixByteCount, came: buffered))
    case .header(let byteCount): throw .safetensors(.truncatedHeader(expected: byteCount, came: buffered))
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
      guard try fillBuffer(to: SafetensorsHeader.lengthPrefixByteCount, fill) else { return }
      let byteCount = try parse { (bytes) throws(SafetensorsError) in
        try SafetensorsHeader.lengthPrefix(parsing: bytes)
      }
      phase = .header(byteCount: byteCount)
    case .header(let byteCount):
      guard try fillBuffer(to: byteCount, fill) else { return }
      let before = SafetensorsHeader.lengthPrefixByteCount + byteCount
      let dataByteCount = totalByteCount.map { max($0 - before, 0) }
      header = try parse { (bytes) throws(SafetensorsError) in
        try SafetensorsHeader(parsing: bytes, dataByteCount: dataByteCount)
      }
      phase = .placing
    case .placing, .data: break
    }
  }

  /// Parses what the buffer holds, and empties it.
  private mutating func parse<R>(
    _ parse: (Span<UInt8>) throws(SafetensorsError) -> R
  ) throws(SafetensorsReceiverError) -> R {
    defer {
      buffer = nil
      buffered = 0
    }
    do throws(SafetensorsError) {
      guard let buffer else {
        let none: [UInt8] = []
        return try parse(none.span)
      }
      return try buffer.withBytes(in: 0..<buffered, parse)
    } catch {
      throw .safetensors(error)
    }
  }

  /// Fills the buffer and says whether it holds `byteCount` bytes; it grows as bytes come, never for what was merely
  /// announced.
  private mutating func fillBuffer(
    to byteCount: Int, _ fill: (inout MutableSpan<UInt8>) -> Int
  ) throws(SafetensorsReceiverError) -> Bool {
    guard byteCount > 0 else { return true }
    do throws(RegionError) {
      var buffer = if let buffer { buffer } else { try Region(byteCount: min(byteCount, 64 << 10), pool: pool) }
      if buffered == buffer.byteCount {
        var larger = try Region(byteCount: min(byteCount, 2 * buffered), pool: pool)
        larger.copyBytes(from: buffer, in: 0..<buffered, to: 0)
        buffer = larger
      }
      self.buffer = nil
      buffered += buffer.receive(in: buffered..<buffer.byteCount, fill)
      self.buffer = buffer
    } catch {
      throw .region(error)
    }
    return buffered == byteCount
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
