import HTTPServer
import HTTPTypes
import ModelStore
import Tensors

/// A receipt as JSON text, written by hand: this is what every small push pays for.
enum ReceiptJSON {
  /// The answer that a receipt is.
  static func response(to receipt: Receipt) -> Response {
    var fields = json
    fields.append(version: receipt.stamp)
    return Response(.ok, fields: fields, content: Content(text(of: receipt)))
  }

  private static let json: FieldLines = [.contentType: "application/json"]

  private static func text(of receipt: Receipt) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(256)
    text += Member.iterations
    text.append(decimal: receipt.iterations)
    text += receipt.isSnapshot ? Member.snapshotTaken : Member.noSnapshot
    text.append(decimal: receipt.snapshots)
    text += Member.staleness
    if let staleness = receipt.staleness { text.append(decimal: staleness) } else { text += Member.null }
    text += Member.learningRate
    append(receipt.learningRate, to: &text)
    text += Member.gradientNorm
    append(receipt.gradientNorm, to: &text)
    text += Member.etag
    text.append(tag: .current, receipt.stamp)
    text += Member.end
    return text
  }

  /// What stands between the values. As bytes: appending a string's costs several times as much.
  private enum Member {
    static let iterations = Array(#"{"iterations":"#.utf8)
    static let snapshotTaken = Array(#","snapshot":true,"snapshots":"#.utf8)
    static let noSnapshot = Array(#","snapshot":false,"snapshots":"#.utf8)
    static let staleness = Array(#","staleness":"#.utf8)
    static let null = Array("null".utf8)
    static let learningRate = Array(#","learning_rate":"#.utf8)
    static let gradientNorm = Array(#","gradient_norm":"#.utf8)
    static let etag = Array(#","etag":"\""#.utf8)
    static let end = Array("\\\"\"}\n".utf8)
  }

  /// A number, or a string where JSON has none.
  private static func append(_ value: some BinaryFloatingPoint & CustomStringConvertible, to text: inout [UInt8]) {
    text +=
      (value.isFinite ? value.description : value.isNaN ? #""NaN""# : value > 0 ? #""Infinity""# : #""-Infinity""#).utf8
  }
}
