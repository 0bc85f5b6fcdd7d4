import Sockets
import Testing

@testable import HTTPServer

@Suite struct ConnectionMachineTests {
  private static func at(_ seconds: Double) -> MonotonicTime { MonotonicTime(nanoseconds: Int64(seconds * 1e9)) }

  private func make() -> ConnectionMachine {
    ConnectionMachine(
      limits: .init(headTimeout: .seconds(10), idleTimeout: .seconds(75), minimumRate: 1024), now: Self.at(0))
  }

  @Test func idleConnectionIsClosedSilently() {
    var machine = make()
    #expect(machine.deadline == Self.at(75))
    #expect(machine.expire(Self.at(74)) == .nothing)
    #expect(machine.expire(Self.at(75)) == .close)
  }

  @Test func headMustBeCompleteInTimeFromItsFirstByte() {
    var machine = make()
    machine.receivedPartOfHead(Self.at(5))
    machine.receivedPartOfHead(Self.at(14))
    #expect(machine.deadline == Self.at(15))
    #expect(machine.expire(Self.at(15)) == .refuse)
  }

  @Test func requestWithoutContentGoesRoundToIdle() {
    var machine = make()
    machine.receivedHead(hasContent: false, closes: false)
    machine.accept(Self.at(1))
    #expect(machine.phase == .responding)
    #expect(machine.deadline == nil)
    machine.answer(Self.at(2))
    #expect(machine.phase == .sending)
    machine.sentAll(Self.at(3))
    #expect(machine.phase == .idle)
    #expect(machine.deadline == Self.at(78))
  }

  @Test func contentAboveTheRateGoesOnAndBelowIsRefused() {
    var machine = make()
    machine.receivedHead(hasContent: true, closes: false)
    machine.accept(Self.at(0))
    #expect(machine.phase == .content)
    machine.receivedContent(10_240)
    #expect(machine.expire(Self.at(10)) == .nothing)
    #expect(machine.deadline == Self.at(20))
    machine.receivedContent(10_239)
    #expect(machine.expire(Self.at(20)) == .refuse)
  }

  @Test func readerBelowTheRateIsClosed() {
    var machine = make()
    machine.receivedHead(hasContent: false, closes: false)
    machine.accept(Self.at(0))
    machine.answer(Self.at(0))
    machine.sent(20_000)
    #expect(machine.expire(Self.at(10)) == .nothing)
    #expect(machine.expire(Self.at(20)) == .close)
  }

  @Test func requestUnderWayHasNoDeadline() {
    var machine = make()
    machine.receivedHead(hasContent: true, closes: false)
    machine.accept(Self.at(0))
    machine.receivedAllContent()
    #expect(machine.deadline == nil)
    #expect(machine.expire(Self.at(1000)) == .nothing)
  }

  @Test func refusalWithUnreadContentDrainsBeforeItCloses() {
    var machine = make()
    machine.receivedHead(hasContent: true, closes: false)
    machine.refuse()
    #expect(machine.closes)
    machine.answer(Self.at(1))
    machine.sentAll(Self.at(1))
    #expect(machine.phase == .draining)
    machine.drained((1 << 20) - 1)
    #expect(machine.phase == .draining)
    #expect(machine.expire(Self.at(2)) == .close)
    machine.drained(1)
    #expect(machine.phase == .closed)
  }

  @Test func refusalWithoutContentKeepsTheConnection() {
    var machine = make()
    machine.receivedHead(hasContent: false, closes: false)
    machine.refuse()
    machine.answer(Self.at(1))
    machine.sentAll(Self.at(1))
    #expect(machine.phase == .idle)
  }

  @Test func lostFramingClosesEvenWithoutContent() {
    var machine = make()
    machine.receivedHead(hasContent: false, closes: false)
    machine.refuse(losesFraming: true)
    #expect(machine.closes)
  }

  @Test func peerThatHasEndedIsAnsweredSoonOrNotAtAll() {
    var machine = make()
    machine.receivedHead(hasContent: false, closes: false)
    machine.accept(Self.at(0))
    machine.peerEnded(Self.at(1))
    machine.peerEnded(Self.at(2))
    #expect(machine.expire(Self.at(10)) == .nothing)
    #expect(machine.expire(Self.at(11)) == .close)
    machine.answer(Self.at(11))
    #expect(machine.deadline == Self.at(21))
  }

  @Test func stopWaitsForOneMoreRequestButNotLong() {
    var idle = make()
    idle.stop(Self.at(1))
    #expect(idle.expire(Self.at(1.2)) == .nothing)
    #expect(idle.expire(Self.at(1.25)) == .close)
    var late = make()
    late.stop(Self.at(74.9))
    #expect(late.deadline == Self.at(75))
  }

  @Test func stopLetsTheRestFinish() {
    var busy = make()
    busy.receivedHead(hasContent: false, closes: false)
    busy.accept(Self.at(0))
    busy.stop(Self.at(0))
    #expect(busy.phase == .responding)
    busy.answer(Self.at(0))
    busy.sentAll(Self.at(0))
    #expect(busy.phase == .draining)
  }
}
