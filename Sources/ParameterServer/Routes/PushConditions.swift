import HTTPServer
import HTTPTypes
import ModelStore
import Tensors

/// What the fields of a push say, judged on its head and again when it is applied.
struct PushConditions: Sendable {
  /// What the answer is to hold.
  enum Preference: Sendable {
    case receipt
    case minimal
    case representation(TensorsRequest)
  }

  /// Who contributes to a round, and what the gradient counts there.
  struct Contribution: Sendable {
    let trainer: String
    let weight: Double
  }

  let base: GradientBase
  let trainer: String?
  let loss: Double?
  /// The name under which the push may be sent again.
  let key: PushKey?
  let preference: Preference
  let isDryRun: Bool
  /// Nil when the push is applied by itself.
  let contribution: Contribution?

  /// Reads the fields and refuses what can't be applied to the model as it is.
  init(_ call: Call, for trained: ModelStatus.Trained, isDryRun: Bool) throws(Problem) {
    self.isDryRun = isDryRun
    preference = try Self.preference(call, in: trained.layout)
    trainer = try call.field(.trainerID).map { (value) throws(Problem) in
      guard Self.isTrainerID(value) else {
        throw .invalidHeader(.trainerID, expected: "1 to 64 of A-Z a-z 0-9 . _ : -", came: value)
      }
      return value
    }
    loss = try call.field(.trainingLoss).map { (value) throws(Problem) in
      guard let loss = Double(value) else {
        throw .invalidHeader(.trainingLoss, expected: "a number", came: value)
      }
      return loss
    }
    key = try IdempotencyKey.parse(call.fields).map { [trainer] key in
      PushKey(key, trainer: trainer, caller: call.caller.identity)
    }
    let iteration = try Self.iteration(call)
    contribution = try Self.contribution(call, trainer, iteration)
    base = GradientBase(
      iteration: iteration, epoch: call.field(.modelEpoch).map { Epoch($0) },
      weights: call.field(.ifMatch).flatMap { EntityTags($0).weights },
      stalenessPolicy: contribution == nil ? call.application.configuration.stalenessPolicy : .reject(beyond: 0))
    do throws(ModelError) {
      _ = try base.staleness(at: trained.stamp)
    } catch {
      // A push that was applied fits no more, and is answered all the same when it comes again.
      guard let key, !isDryRun, call.application.mayRemember(key) else { throw Problem(error) }
    }
  }

  private static func contribution(
    _ call: Call, _ trainer: String?, _ iteration: Int?
  ) throws(Problem) -> Contribution? {
    let isAggregated = call.query["aggregate"] == nil ? true : try call.query.flag("aggregate")
    guard isAggregated, let rounds = call.application.rounds else {
      if let value = call.field(.contributionWeight) {
        throw .invalidHeader(.contributionWeight, expected: "absent from a push that is applied by itself", came: value)
      }
      return nil
    }
    guard let trainer, iteration != nil else {
      let missing = (trainer == nil ? [HTTPField.Name.trainerID] : []) + (iteration == nil ? [.weightsIteration] : [])
      throw .missingHeaders(missing, why: "a push to a round of many trainers")
    }
    guard let value = call.field(.contributionWeight) else { return Contribution(trainer: trainer, weight: 1) }
    guard rounds.reduction == .mean else {
      throw .invalidHeader(.contributionWeight, expected: "absent, as contributions are summed", came: value)
    }
    guard let weight = Double(value), Float(weight) > 0, Float(weight).isFinite else {
      throw .invalidHeader(.contributionWeight, expected: "a positive number", came: value)
    }
    return Contribution(trainer: trainer, weight: weight)
  }

  private static func iteration(_ call: Call) throws(Problem) -> Int? {
    guard let value = call.field(.weightsIteration) else { return nil }
    guard value.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let iteration = Int(value) else {
      throw .invalidHeader(.weightsIteration, expected: "a decimal integer", came: value)
    }
    return iteration
  }

  private static func preference(_ call: Call, in layout: Layout) throws(Problem) -> Preference {
    let preference = Preferences(call)["return"]?.lowercased()
    guard preference == "representation" else {
      // Who names variables may think that only these are trained.
      for name in Selection.parameters {
        guard let value = call.query[name] else { continue }
        throw .invalidParameter(
          name, expected: "sent with 'Prefer: return=representation', which it selects", came: value)
      }
      return preference == "minimal" ? .minimal : .receipt
    }
    let selection = try Selection(call.query)
    _ = try selection.choose(from: TensorList(layout: layout, part: .variables))
    return .representation(try TensorsRequest(call, selection, Conditions()))
  }

  private static func isTrainerID(_ value: String) -> Bool {
    (1...64).contains(value.utf8.count)
      && value.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
          UInt8(ascii: "0")...UInt8(ascii: ":"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }
}
