import Tensors
import Testing

@testable import ModelStore

struct RememberedReceiptsTests {
  private static let day = RememberedReceipts.lifetimeSeconds

  private func identity(_ key: Int, at seconds: Int, body: [UInt8] = [1]) -> PushIdentity {
    PushIdentity(
      key: PushKey("\(key)", trainer: nil, caller: ""), body: BodyDigest(of: body.span), seconds: seconds)
  }

  private func receipt(_ iterations: Int) -> Receipt {
    Receipt(
      iterations: iterations, isSnapshot: false, snapshots: 0, staleness: nil, learningRate: 1, gradientNorm: 1,
      stamp: VersionStamp(epoch: Epoch("e"), iterations: iterations, version: iterations))
  }

  @Test func aReceiptIsForgottenAfterADay() throws {
    var receipts = RememberedReceipts()
    receipts.remember(receipt(1), of: identity(1, at: 1000))
    #expect(try receipts.receipt(of: identity(1, at: 999 + Self.day)) == receipt(1))
    #expect(try receipts.receipt(of: identity(1, at: 1000 + Self.day)) == nil)
    #expect(!receipts.contains(identity(1, at: 0).key, at: 1000 + Self.day))
    receipts.remember(receipt(2), of: identity(2, at: 1000 + Self.day))
    #expect(receipts.count == 1)
    #expect(receipts.all.map(\.entry.receipt) == [receipt(2)])
  }

  @Test func theOldestGoesWhenThereAreTooMany() throws {
    var receipts = RememberedReceipts()
    for key in 0..<RememberedReceipts.limit { receipts.remember(receipt(key), of: identity(key, at: 5)) }
    #expect(try receipts.receipt(of: identity(0, at: 5)) == receipt(0))
    for key in 0..<100 {
      receipts.remember(receipt(key), of: identity(-1 - key, at: 5))
      #expect(receipts.count == RememberedReceipts.limit)
      #expect(try receipts.receipt(of: identity(key, at: 5)) == nil)
      #expect(try receipts.receipt(of: identity(key + 1, at: 5)) == receipt(key + 1))
    }
  }

  @Test func anotherBodyIsRefusedUntilTheKeyIsForgotten() throws {
    var receipts = RememberedReceipts()
    receipts.remember(receipt(1), of: identity(1, at: 0))
    #expect(throws: ModelError.self) { try receipts.receipt(of: identity(1, at: 0, body: [2])) }
    #expect(throws: ModelError.self) { try receipts.receipt(of: identity(1, at: 0, body: [1, 0])) }
    #expect(try receipts.receipt(of: identity(1, at: Self.day, body: [2])) == nil)
  }

  @Test func aKeyThatComesAgainAfterTheClockWasSetBackIsKeptOnce() throws {
    var receipts = RememberedReceipts()
    receipts.remember(receipt(1), of: identity(1, at: 90_000))
    receipts.remember(receipt(2), of: identity(2, at: 10))
    // The clock is right again: the second is a day old, and the first, which is older, is not.
    let now = 100_000
    #expect(try receipts.receipt(of: identity(2, at: now)) == nil)
    receipts.remember(receipt(3), of: identity(2, at: now))
    #expect(receipts.all.map(\.entry.receipt) == [receipt(1), receipt(3)])
    receipts.remember(receipt(4), of: identity(4, at: 90_000 + Self.day))
    #expect(receipts.all.map(\.entry.receipt) == [receipt(3), receipt(4)])
  }

  @Test func aModelAnswersAPushThatComesAgainWithoutAStep() throws {
    let model = try Model.make(shapes: [[3]])
    let first = Push(
      gradient: try .make(2, for: model), base: GradientBase(iteration: 0), identities: [identity(1, at: 0)],
      wantsWeights: true)
    guard case .pushed(let receipt, _) = try model.apply(.push(first)) else { throw Unexpected() }
    _ = try model.apply(.push(.make(.make(1, for: model))))
    let before = model.status.model?.stamp
    guard case .replayed(let again, let weights?) = try model.apply(.push(first)) else { throw Unexpected() }
    #expect(again == receipt)
    #expect(weights.elements == [-3, -3, -3])
    #expect(model.status.model?.stamp == before)
  }

  @Test func whatIsRefusedIsNotRemembered() throws {
    let model = try Model.make(shapes: [[3]])
    let gradient = try Gradient.make(2, for: model)
    let ahead = Push(gradient: gradient, base: GradientBase(iteration: 9), identities: [identity(1, at: 0)])
    #expect(throws: ModelError.self) { try model.apply(.push(ahead)) }
    let other = Push(gradient: gradient, base: GradientBase(iteration: 0), identities: [identity(1, at: 0, body: [2])])
    guard case .pushed = try model.apply(.push(other)) else { throw Unexpected() }
  }

  @Test func anotherEpochForgetsAll() throws {
    let model = try Model.make(shapes: [[3]])
    let push = Push(
      gradient: try .make(2, for: model), identities: [identity(1, at: 0)])
    _ = try model.apply(.push(push))
    let optimizer = model.status.optimizer
    _ = try model.apply(.setOptimizer(optimizer, epoch: Epoch("another")))
    guard case .pushed = try model.apply(.push(push)) else { throw Unexpected() }
  }

  private struct Unexpected: Error {}
}
