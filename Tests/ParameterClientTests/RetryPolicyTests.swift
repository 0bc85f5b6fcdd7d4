import ParameterClient
import Testing

/// When a request is sent again.
struct RetryPolicyTests {
  private let policy = RetryPolicy(attempts: 4, firstDelay: 1, longestDelay: 3)

  @Test func aLostConnectionIsTriedAgainWhereThatDoesNoHarm() {
    #expect(policy.delay(afterAttempt: 1, .noAnswer(isRepeatable: false), jitter: 1) == nil)
    #expect(policy.delay(afterAttempt: 1, .noAnswer(isRepeatable: true), jitter: 1) == 1)
    #expect(policy.delay(afterAttempt: 4, .noAnswer(isRepeatable: true), jitter: 1) == nil)
  }

  @Test(arguments: [400, 409, 412, 422, 429, 500, 502, 504, 507])
  func ofAllAnswersOnlyA503IsTriedAgain(status: Int) {
    #expect(policy.delay(afterAttempt: 1, .status(status, retryAfter: 1), jitter: 0) == nil)
  }

  @Test func waitsDoubleUpToTheLongest() {
    let waits = (1...4).map { policy.delay(afterAttempt: $0, .status(503, retryAfter: nil), jitter: 1) }
    #expect(waits == [1, 2, 3, nil])
  }

  @Test func jitterTakesAwayUpToHalf() {
    #expect(policy.delay(afterAttempt: 2, .status(503, retryAfter: nil), jitter: 0) == 1)
  }

  @Test func retryAfterIsAddedToTheBackOff() {
    #expect(policy.delay(afterAttempt: 1, .status(503, retryAfter: 2), jitter: 1) == 3)
  }

  @Test func aServerThatAsksForMoreThanTheLongestWaitIsLeftAlone() {
    #expect(policy.delay(afterAttempt: 1, .status(503, retryAfter: 4), jitter: 0) == nil)
  }
}
