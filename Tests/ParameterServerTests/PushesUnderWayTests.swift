import Locks
import ModelStore
import Testing

@testable import ParameterServer

struct PushesUnderWayTests {
  private let key = PushKey("k", trainer: nil, caller: "")

  @Test func theNextOneGoesOnWhenTheFirstEnds() {
    let pushes = PushesUnderWay()
    let order = Lock<[Int]>([])
    var first: PushesUnderWay.Turn? = pushes.enter(key)
    #expect(first?.isFirst == true)
    for number in 1...3 {
      let turn = pushes.enter(key)
      #expect(!turn.isFirst)
      turn.whenFirst { [turn] in
        #expect(turn.isFirst)
        order.withLock { $0.append(number) }
      }
    }
    #expect(order.withLock { $0 } == [])
    first = nil
    // Each ends as soon as it has gone on, and so lets the next one go.
    #expect(order.withLock { $0 } == [1, 2, 3])
    #expect(pushes.enter(key).isFirst)
  }

  @Test func oneThatIsNotCompleteHoldsUpNobodyBehindIt() {
    let pushes = PushesUnderWay()
    var first: PushesUnderWay.Turn? = pushes.enter(key)
    let arriving = pushes.enter(key)
    let hasGoneOn = Lock(false)
    pushes.enter(key).whenFirst { hasGoneOn.withLock { $0 = true } }
    #expect(first?.isFirst == true)
    first = nil
    #expect(hasGoneOn.withLock { $0 })
    #expect(arriving.isFirst)
  }

  @Test func whatHasOtherKeysDoesNotWait() {
    let pushes = PushesUnderWay()
    let turns = [
      key, PushKey("l", trainer: nil, caller: ""), PushKey("k", trainer: "t", caller: ""),
      PushKey("k", trainer: nil, caller: "t"),
    ].map(pushes.enter)
    for turn in turns { #expect(turn.isFirst) }
  }

  @Test(arguments: [false, true]) func oneThatArrivesTooSlowlyGivesWay(isPatient: Bool) {
    let pushes = PushesUnderWay(patience: isPatient ? .seconds(3600) : .zero)
    let slow = pushes.enter(key)
    slow.giveWay()
    #expect(slow.isFirst)
    let kept = Lock<PushesUnderWay.Turn?>(nil)
    let other = pushes.enter(key)
    other.whenFirst { kept.withLock { $0 = other } }
    slow.giveWay()
    #expect(slow.isFirst == isPatient)
    #expect(kept.withLock { $0 != nil } == !isPatient)
    kept.withLock { $0 = nil }
  }
}
