import HTTPServer
import HTTPTypes
import ModelStore

/// Taking a step of the optimizer.
extension Routes {
  static func pushGradients(_ call: Call) throws(Problem) -> any Exchange {
    let isDryRun = try call.query.flag("dry_run")
    guard let trained = call.model.status.model else { throw .noModel(.conflict) }
    let format = try BodyFormat(call)
    let conditions = try PushConditions(call, for: trained, isDryRun: isDryRun)
    let application = call.application
    let gradientPush = GradientPush(application: application, layout: trained.layout, conditions: conditions)
    switch format {
    case .file(let format): return PushExchange(gradientPush, format, request: call.request)
    case .json:
      return BufferedExchange(limit: BodyFormat.jsonLimit, reason: BodyFormat.jsonLimitReason) { body, responder in
        responder.onWorker { responder in
          do throws(BodyError) {
            let gradient = try Gradient(
              json: body.span, for: gradientPush.layout,
              acceptsNonFinite: application.configuration.acceptsNonFinite, pool: application.model.pool)
            gradientPush.respond(to: gradient, from: BodyDigest(of: body.span), responder)
          } catch {
            responder.respond(Problem(error))
          }
        }
      }
    }
  }
}
