import HTTPServer
import HTTPTypes
import ModelStore
import Tensors

/// Setting non-trainable values of the averages, such as recomputed statistics of batch normalization.
extension Routes {
  static func putAverage(_ call: Call) throws(Problem) -> any Exchange {
    let model = call.model
    guard let trained = model.status.model else { throw .noModel(.notFound) }
    guard let average = trained.average else { throw .noAverage(.notFound) }
    let format = try BodyFormat(call)
    try call.refusePartialPut()
    guard let ifMatch = call.field(.ifMatch) else { throw .preconditionRequired }
    let preconditions = try call.preconditions { $0.averageTags }
    let put = AveragePut(
      model: model, layout: trained.layout, average: EntityTags(ifMatch).isAny ? nil : average.stamp,
      preconditions: preconditions)
    switch format {
    case .file(let format):
      let receiver = BufferReceiver(
        layout: put.layout, average: put.average, format: format, totalByteCount: call.request.contentLength,
        pool: model.pool)
      return ReceivingExchange(receiver) { values, responder in put.respond(to: values, responder) }
    case .json:
      return BufferedExchange(limit: BodyFormat.jsonLimit, reason: BodyFormat.jsonLimitReason) { body, responder in
        responder.onWorker { responder in put.respond(toJSON: body, responder) }
      }
    }
  }
}

/// A PUT of non-trainable values of the averages, judged by its head.
struct AveragePut: Sendable {
  let model: Model
  let layout: Layout
  /// The averages that If-Match named; nil for whichever there are.
  let average: VersionStamp?
  let preconditions: Preconditions

  func respond(toJSON body: [UInt8], _ responder: consuming Responder) {
    do throws(BodyError) {
      let values = try BufferValues(json: body.span, for: layout, average: average, pool: model.pool)
      respond(to: values, responder)
    } catch {
      responder.respond(Problem(error))
    }
  }

  func respond(to values: BufferValues, _ responder: consuming Responder) {
    responder.respond(applying: .setAveragedBuffers(values), to: model, onlyIf: preconditions.hold) {
      (outcome) throws(Problem) in
      guard case .averageChanged(let names, let stamp) = outcome else { throw .mismatched(outcome) }
      let tag = WeightsTag(.averaged(snapshots: 0), stamp).text()
      return .json(encoding: Replaced(replaced: names, etag: tag), fields: .version(stamp))
    }
  }

  private struct Replaced: Encodable {
    let replaced: [String]
    let etag: String
  }
}
