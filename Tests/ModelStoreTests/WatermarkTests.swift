import Locks
import Testing

@testable import ModelStore

/// Who waits for the disk hears of it once, in the order of the changes.
struct WatermarkTests {
  @Test
  func waitersHearInTheOrderOfTheChanges() {
    let watermark = Watermark(durable: 2)
    let heard = Lock<[Int]>([])
    for sequence in [5, 1, 4, 3] {
      watermark.whenDurable(sequence) { failure in
        #expect(failure == nil)
        heard.withLock { $0.append(sequence) }
      }
    }
    #expect(heard.withLock { $0 } == [1])
    watermark.advance(to: 4)
    #expect(heard.withLock { $0 } == [1, 3, 4])
    watermark.advance(to: 5)
    #expect(heard.withLock { $0 } == [1, 3, 4, 5])
  }

  @Test
  func waitersForOneChangeHearInTheOrderInWhichTheyCame() {
    let watermark = Watermark(durable: 0)
    let heard = Lock<[Int]>([])
    for number in 0..<200 {
      watermark.whenDurable(1 + number / 50) { _ in heard.withLock { $0.append(number) } }
      watermark.whenDurable(9) { _ in }
    }
    watermark.advance(to: 4)
    #expect(heard.withLock { $0 } == Array(0..<200))
  }

  @Test
  func whoAsksWhileOthersAreToldHearsAfterThem() {
    let watermark = Watermark(durable: 0)
    let heard = Lock<[Int]>([])
    watermark.whenDurable(1) { _ in
      watermark.whenDurable(1) { _ in heard.withLock { $0.append(3) } }
      heard.withLock { $0.append(1) }
    }
    watermark.whenDurable(1) { _ in heard.withLock { $0.append(2) } }
    watermark.advance(to: 1)
    #expect(heard.withLock { $0 } == [1, 2, 3])
    #expect(watermark.durable == 1)
  }

  @Test
  func afterAFailureNothingMoreIsDurable() {
    let watermark = Watermark(durable: 1)
    let failures = Lock<[Int]>([])
    for sequence in [1, 2] {
      watermark.whenDurable(sequence) { failure in
        if failure != nil { failures.withLock { $0.append(sequence) } }
      }
    }
    watermark.fail(.noModel)
    watermark.whenDurable(3) { failure in if failure != nil { failures.withLock { $0.append(3) } } }
    watermark.whenDurable(1) { failure in #expect(failure == nil) }
    #expect(failures.withLock { $0 } == [2, 3])
  }

  @Test
  func aResultIsToldWhenItsChangeIsDurable() throws {
    let watermark = Watermark(durable: 0)
    let pending = Pending("weights", after: 1, of: watermark)
    #expect(pending.value == nil)
    let told = Lock<String?>(nil)
    pending.then { result in told.withLock { $0 = try? result.get() } }
    #expect(told.withLock { $0 } == nil)
    watermark.advance(to: 1)
    #expect(told.withLock { $0 } == "weights")
    #expect(pending.value == "weights")
    #expect(try pending.wait() == "weights")
    #expect(Pending("weights", after: 9, of: nil).value == "weights")
  }

  @Test
  func aResultOfALostChangeIsNeverTold() {
    let watermark = Watermark(durable: 0)
    let pending = Pending("weights", after: 1, of: watermark)
    watermark.fail(.noModel)
    #expect(pending.value == nil)
    #expect(throws: ModelError.self) { try pending.wait() }
  }
}
