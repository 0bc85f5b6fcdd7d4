import HTTPServer
import HTTPTypes
import ModelStore
import Tensors

/// A receipt as JSON text, written by hand: this is what every small push pays for.
enum ReceiptJSON {
  /// The answer that a receipt is.
  static func response(to receipt: Receipt) -> Response {
    Response(
      .ok,
      fields: [
        .contentType: "application/json", .weightsIteration: String(receipt.stamp.iterations),
        .modelEpoch: receipt.stamp.epoch.description,
      ], content: Content(text(of: receipt)))
  }

  private static func text(of receipt: Receipt) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(256)
    text += #"{"iterations":"#.utf8
    text.append(decimal: receipt.iterations)
    text += (receipt.isSnapshot ? #","snapshot":true,"snapshots":"# : #","snapshot":false,"snapshots":"#).utf8
    text.append(decimal: receipt.snapshots)
    text += #","staleness":"#.utf8
    if let staleness = receipt.staleness { text.append(decimal: staleness) } else { text += "null".utf8 }
    text += #","learning_rate":"#.utf8
    append(receipt.learningRate, to: &text)
    text += #","gradient_norm":"#.utf8
    append(receipt.gradientNorm, to: &text)
    text += #","etag":"#.utf8
    text.append(jsonString: WeightsTag(.current, receipt.stamp).text())
    text += "}\n".utf8
    return text
  }

  /// A number, or a string where JSON has none.
  private static func append(_ value: some BinaryFloatingPoint & CustomStringConvertible, to text: inout [UInt8]) {
    text +=
      (value.isFinite ? value.description : value.isNaN ? #""NaN""# : value > 0 ? #""Infinity""# : #""-Infinity""#).utf8
  }
}
