import Synchronization
import Testing

@testable import HTTPServer

@Suite struct BodyBudgetTests {
  private final class Revoked: Sendable {
    let names = Mutex<[String]>([])
    func share(_ name: String) -> BodyBudget.Share {
      BodyBudget.Share { [self] in names.withLock { $0.append(name) } }
    }
  }

  @Test func newestIncompleteContentGoesFirst() {
    let budget = BodyBudget(limit: 100)
    let revoked = Revoked()
    let (a, b, c) = (revoked.share("a"), revoked.share("b"), revoked.share("c"))
    #expect(budget.charge(40, to: a))
    #expect(budget.charge(30, to: b))
    #expect(budget.charge(20, to: c))
    budget.complete(c)
    #expect(budget.charge(20, to: a))
    #expect(revoked.names.withLock { $0 } == ["b"])
    #expect(!budget.charge(1, to: b))
    budget.release(b)
    #expect(budget.used == 80)
    #expect(budget.charge(20, to: a))
    budget.release(a)
    budget.release(c)
    #expect(budget.used == 0)
  }

  @Test func newestIsToldItselfWhenItBreaksTheBudget() {
    let budget = BodyBudget(limit: 100)
    let revoked = Revoked()
    let (a, b) = (revoked.share("a"), revoked.share("b"))
    #expect(budget.charge(90, to: a))
    #expect(!budget.charge(20, to: b))
    #expect(revoked.names.withLock { $0 }.isEmpty)
  }

  @Test func theOnlyContentGoesOn() {
    let budget = BodyBudget(limit: 100)
    let a = Revoked().share("a")
    #expect(budget.charge(60, to: a))
    #expect(budget.charge(60, to: a))
    budget.release(a)
    #expect(budget.used == 0)
  }

  @Test func oneThatComesAloneGoesOnWhileTheCompleteFit() {
    let budget = BodyBudget(limit: 100)
    let revoked = Revoked()
    let (a, b, c, d) = (revoked.share("a"), revoked.share("b"), revoked.share("c"), revoked.share("d"))
    #expect(budget.charge(90, to: a))
    budget.complete(a)
    #expect(budget.charge(20, to: b))
    #expect(!budget.charge(1, to: c))
    budget.release(c)
    budget.complete(b)
    // The complete ones alone are too much now.
    #expect(!budget.charge(1, to: d))
    budget.release(d)
    budget.release(a)
    budget.release(b)
    #expect(budget.used == 0)
  }
}
