import Optimizers
import Tensors

/// Receipts as a checkpoint keeps them: a list for each, of key, body and what the push was answered.
extension RememberedReceipts {
  /// The list, the oldest first.
  var saved: ConfigValue {
    .list(
      all.map { key, entry in
        let receipt = entry.receipt
        return .list([
          .string(key.text), .integer(entry.body.byteCount), .integer(Int(entry.body.checksum.value)),
          .integer(entry.seconds), .integer(receipt.iterations), .flag(receipt.isSnapshot), .integer(receipt.snapshots),
          receipt.staleness.map { .integer($0) } ?? .null, .bits(Double(receipt.learningRate)),
          .bits(receipt.gradientNorm),
          .integer(receipt.stamp.version),
        ])
      })
  }

  /// Receipts of a model's epoch; nil when the list is none of them.
  init?(_ saved: ConfigValue, epoch: Epoch) {
    guard case .list(let items) = saved else { return nil }
    for item in items {
      guard case .list(let parts) = item, parts.count == 11, case .string(let key) = parts[0],
        case .integer(let byteCount) = parts[1], case .integer(let value) = parts[2],
        let checksum = UInt32(exactly: value), case .integer(let seconds) = parts[3],
        case .integer(let iterations) = parts[4], case .flag(let isSnapshot) = parts[5],
        case .integer(let snapshots) = parts[6], Self.isStaleness(parts[7]),
        let learningRate = parts[8].double, let norm = parts[9].double, case .integer(let version) = parts[10]
      else { return nil }
      let staleness: Int? = if case .integer(let steps) = parts[7] { steps } else { nil }
      let receipt = Receipt(
        iterations: iterations, isSnapshot: isSnapshot, snapshots: snapshots, staleness: staleness,
        learningRate: Float(learningRate), gradientNorm: norm,
        stamp: VersionStamp(epoch: epoch, iterations: iterations, version: version))
      let body = BodyDigest(byteCount: byteCount, checksum: CRC32C(value: checksum))
      append(PushKey(text: key), Entry(body: body, seconds: seconds, receipt: receipt))
    }
  }

  private static func isStaleness(_ saved: ConfigValue) -> Bool {
    switch saved {
    case .null, .integer: true
    default: false
    }
  }
}

extension ConfigValue {
  /// A number to the bit; JSON has neither NaN nor infinity.
  fileprivate static func bits(_ number: Double) -> ConfigValue { .string(String(number.bitPattern, radix: 16)) }

  fileprivate var double: Double? {
    guard case .string(let digits) = self else { return nil }
    return UInt64(digits, radix: 16).map { Double(bitPattern: $0) }
  }
}
