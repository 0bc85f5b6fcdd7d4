import Optimizers
import Tensors

/// What a checkpoint's header says: a safetensors file whose data are the model's regions as they lie in memory.
struct CheckpointLayout {
  /// The format that this software writes, and the newest that it reads.
  static let formatVersion = 1
  /// What every header begins with, in every version: the checksum of the file with this field's digits as zeros.
  static let beginning = Array(#"{"__metadata__":{"crc32c":""#.utf8)
  static let checksumDigitCount = 8
  /// Where the checksum's digits stand in the file.
  static let checksumOffset = SafetensorsHeader.lengthPrefixByteCount + beginning.count

  private static let variablePrefix = "variables/"
  private static let averagePrefix = "average/"
  private static func slotPrefix(_ name: String) -> String { "slots/\(name)/" }

  /// The tensors of a model with these slots, in the order of their data.
  static func tensors(of layout: Layout, slotNames: [String], hasAverage: Bool) -> [TensorDescription] {
    var tensors = layout.descriptions.map { $0.placed(variablePrefix, at: 0) }
    var begin = layout.byteCount
    for name in slotNames {
      let prefix = slotPrefix(name)
      tensors += layout.computeDescriptions.prefix(layout.trainableCount).map { $0.placed(prefix, at: begin) }
      begin += layout.slotByteCount
    }
    if hasAverage { tensors += layout.computeDescriptions.map { $0.placed(averagePrefix, at: begin) } }
    return tensors
  }

  /// The layout of the variables among a checkpoint's tensors.
  static func layout(
    of tensors: [TensorDescription], order: [String], nonTrainable: [String]
  ) throws(CheckpointError) -> Layout {
    let variables = tensors.compactMap { tensor in
      tensor.name.dropping(prefix: variablePrefix).map {
        TensorDescription(name: $0, dtype: tensor.dtype, shape: tensor.shape, range: tensor.range)
      }
    }
    do throws(ModelError) {
      return try Layout(creating: variables, order: order, nonTrainable: nonTrainable)
    } catch {
      throw .unusable("its variables: \(error)")
    }
  }
}

extension TensorDescription {
  fileprivate func placed(_ prefix: String, at begin: Int) -> TensorDescription {
    TensorDescription(
      name: prefix + name, dtype: dtype, shape: shape,
      range: begin + range.lowerBound..<begin + range.upperBound)
  }
}

/// Why a checkpoint can't be read.
public enum CheckpointError: Error, Sendable {
  /// Its content is not what was written.
  case damaged(String)
  /// A newer version of this software wrote it.
  case newerFormat(Int)
  /// It is what was written, and does not fit this software.
  case unusable(String)
  /// The system has no memory for it.
  case outOfMemory(byteCount: Int)
  /// A system call failed.
  case file(FileFailure)
}

extension CheckpointError: CustomStringConvertible {
  /// A phrase for the operator.
  public var description: String {
    switch self {
    case .damaged(let detail): detail
    case .newerFormat(let version): "its format version is \(version), which a newer version of this software wrote"
    case .unusable(let detail): detail
    case .outOfMemory(let byteCount): "the system has no memory for \(byteCount) bytes"
    case .file(let failure): "\(failure)"
    }
  }
}
