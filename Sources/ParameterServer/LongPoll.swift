import HTTPServer
import ModelStore

/// A GET that would rather wait than hear that nothing has changed (RFC 7240, section 4.3): what it waits for, and how
/// long.
struct LongPoll: Sendable {
  /// The longest wait, whatever is asked for.
  static let limit = 60

  let application: Application
  let request: TensorsRequest
  /// Which of the model's tensors it is about.
  let part: TensorList.Part
  /// Answers from what there is now.
  let answer: @Sendable (consuming Responder) -> Void

  /// Answers at once when the client does not know what there is now, else when that has changed, or the time is over.
  func respond(_ responder: consuming Responder) {
    guard let wait = request.wait, application.isReady else { return answer(responder) }
    respond(responder, until: .now + .seconds(wait))
  }

  private func respond(_ responder: consuming Responder, until deadline: ContinuousClock.Instant) {
    let status = application.model.status
    let known = status.identity(of: part)
    let left = ContinuousClock.now.duration(to: deadline)
    guard left > .zero, isKnown(status) else { return answer(responder) }
    application.longPolls.wait(
      responder, for: left, on: application.model, while: { $0.identity(of: part) == known }
    ) { responder, end in
      switch end {
      case .news: respond(responder, until: deadline)
      case .over: answer(responder)
      }
    }
  }

  /// Whether what there is now is what the client knows: for averages, nothing, before the first snapshot.
  private func isKnown(_ status: ModelStatus) -> Bool {
    guard let trained = status.model else { return false }
    let tag: WeightsTag
    switch part {
    case .averages:
      guard let average = trained.average else { return true }
      tag = WeightsTag(average: average)
    case .variables, .slot: tag = WeightsTag(.current, trained.stamp)
    }
    guard let choice = try? request.selection.choose(from: TensorList(layout: trained.layout, part: part)) else {
      return false
    }
    return request.conditions.ifNoneMatch?.containsWeakly(tag.text(request.format.tags(of: choice))) ?? false
  }
}

extension ModelStatus {
  /// Tells what there is to be waited for from what there was: a model's epoch, and the version of its weights or
  /// averages.
  fileprivate struct Identity: Equatable {
    let epoch: Epoch?
    let version: Int?
  }

  fileprivate func identity(of part: TensorList.Part) -> Identity {
    let stamp = part == .averages ? model?.average?.stamp : model?.stamp
    return Identity(epoch: model?.stamp.epoch, version: stamp?.version)
  }
}
