/// What the client reads of an answer's head.
struct Answer {
  let status: Int
  let iteration: Int?
  let modelEpoch: String?
  let etag: String?
  /// Seconds, where Retry-After gives them; a date is not read.
  let retryAfter: Int?

  var isSuccess: Bool { (200..<300).contains(status) }
}
