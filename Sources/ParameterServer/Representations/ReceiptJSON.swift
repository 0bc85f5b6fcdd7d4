import ModelStore

/// A receipt as JSON text, written by hand: this is what every small push pays for.
enum ReceiptJSON {
  static func text(of receipt: Receipt) -> String {
    let tag = WeightsRepresentation.entityTag(.current, receipt.stamp, .safetensors)
    return """
      {"iterations":\(receipt.iterations),"snapshot":\(receipt.isSnapshot),"snapshots":\(receipt.snapshots),\
      "staleness":\(receipt.staleness.map(String.init) ?? "null"),\
      "learning_rate":\(number(receipt.learningRate)),"gradient_norm":\(number(receipt.gradientNorm)),\
      "etag":"\\"\(tag.dropFirst().dropLast())\\""}
      """
  }

  /// A number, or null where JSON has none.
  private static func number(_ value: Double) -> String {
    value.isFinite ? "\(value)" : value.isNaN ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\""
  }
}
