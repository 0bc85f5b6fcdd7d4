import CCurl

/// Owns one libcurl easy handle, and so the connections that it keeps open between requests. All calls of libcurl are here.
@safe final class CurlHandle {
  private let handle: UnsafeMutableRawPointer
  /// Where libcurl leaves the words of its last failure.
  private let message: UnsafeMutablePointer<CChar>

  init() throws(ClientError) {
    guard let handle = unsafe curl_easy_init() else { throw .configuration("libcurl cannot be started") }
    unsafe self.handle = unsafe handle
    unsafe message = .allocate(capacity: Int(CURL_ERROR_SIZE))
    unsafe message.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
  }

  deinit {
    unsafe curl_easy_cleanup(handle)
    unsafe message.deallocate()
  }

  /// Sends one request and receives its answer, refusals included.
  func perform(
    _ request: Request, fields: [String], at url: String, _ settings: ConnectionSettings, _ exchange: Exchange
  ) throws(ClientError) -> Answer {
    // Forgets the options of the request before and keeps its connection.
    unsafe curl_easy_reset(handle)
    var list: UnsafeMutablePointer<curl_slist>?
    for field in fields {
      guard let longer = unsafe curl_slist_append(list, field) else {
        unsafe curl_slist_free_all(list)
        throw .configuration("no memory for a header field")
      }
      unsafe list = unsafe longer
    }
    defer { unsafe curl_slist_free_all(list) }
    unsafe swa_curl_set_pointer(handle, CURLOPT_HTTPHEADER, list)
    apply(settings, url: url)
    apply(request)
    let context = unsafe Context(exchange: exchange, handle: handle)
    let pointer = unsafe Unmanaged.passUnretained(context).toOpaque()
    unsafe swa_curl_set_reader(handle, readBody, pointer)
    unsafe swa_curl_set_writer(handle, writeBody, pointer)
    unsafe swa_curl_set_progress(handle, reportProgress, pointer)
    let code = withExtendedLifetime(context) { unsafe curl_easy_perform(handle) }
    if let failure = exchange.failure { throw failure }
    let status = unsafe swa_curl_status(handle)
    let answer = Answer(
      status: status, iteration: field("Weights-Iteration").flatMap { Int($0) },
      modelEpoch: field("Model-Epoch"), etag: field("ETag"), retryAfter: field("Retry-After").flatMap { Int($0) })
    // A server that refuses early may close while the body is still being sent: its refusal counts even so.
    guard code == CURLE_OK || status >= 400 else { throw failure(code) }
    return answer
  }

  private func apply(_ settings: ConnectionSettings, url: String) {
    unsafe swa_curl_set_string(handle, CURLOPT_URL, url)
    unsafe swa_curl_set_pointer(handle, CURLOPT_ERRORBUFFER, message)
    unsafe message.pointee = 0
    unsafe swa_curl_set_string(handle, CURLOPT_PROTOCOLS_STR, "http,https")
    unsafe swa_curl_set_number(handle, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
    unsafe swa_curl_set_string(handle, CURLOPT_USERAGENT, "swa-trainer/\(ParameterClient.version)")
    unsafe swa_curl_set_number(handle, CURLOPT_NOSIGNAL, 1)
    unsafe swa_curl_set_number(handle, CURLOPT_BUFFERSIZE, 512 << 10)
    unsafe swa_curl_set_number(handle, CURLOPT_UPLOAD_BUFFERSIZE, 512 << 10)
    unsafe swa_curl_set_number(handle, CURLOPT_CONNECTTIMEOUT_MS, Int(settings.connectTimeout * 1000))
    // No limit on the whole transfer, which is as long as the model is large: only on its standing still.
    unsafe swa_curl_set_number(handle, CURLOPT_LOW_SPEED_LIMIT, 1)
    unsafe swa_curl_set_number(handle, CURLOPT_LOW_SPEED_TIME, settings.stallTimeout)
    if let file = settings.certificateAuthorities { unsafe swa_curl_set_string(handle, CURLOPT_CAINFO, file) }
    if let file = settings.certificate { unsafe swa_curl_set_string(handle, CURLOPT_SSLCERT, file) }
    if let file = settings.key { unsafe swa_curl_set_string(handle, CURLOPT_SSLKEY, file) }
  }

  private func apply(_ request: Request) {
    if let upload = request.upload {
      unsafe swa_curl_set_number(handle, CURLOPT_UPLOAD, 1)
      unsafe swa_curl_set_size(handle, CURLOPT_INFILESIZE_LARGE, upload.byteCount)
      // Without a seek function libcurl, which repeats a request by itself when a kept connection turns out to be dead,
      // does so only as long as nothing of the body was sent.
    } else {
      unsafe swa_curl_set_number(handle, CURLOPT_HTTPGET, 1)
    }
    unsafe swa_curl_set_string(handle, CURLOPT_CUSTOMREQUEST, request.method.rawValue)
  }

  private func field(_ name: String) -> String? {
    var header: UnsafeMutablePointer<curl_header>?
    guard unsafe curl_easy_header(handle, name, 0, UInt32(CURLH_HEADER), -1, &header) == CURLHE_OK,
      let header = unsafe header, let value = unsafe header.pointee.value
    else { return nil }
    return unsafe String(cString: value)
  }

  private func failure(_ code: CURLcode) -> ClientError {
    let words = unsafe String(cString: message)
    let detail = words.isEmpty ? unsafe String(cString: curl_easy_strerror(code)) : words
    switch code {
    case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM:
      return .configuration(detail)
    case CURLE_SEND_FAIL_REWIND:
      // How libcurl says that it can't repeat the request on another connection by itself.
      return .unreachable("the connection was lost")
    default:
      return .unreachable(detail)
    }
  }

  /// What the callbacks get.
  @safe private final class Context {
    let exchange: Exchange
    private let handle: UnsafeMutableRawPointer

    init(exchange: Exchange, handle: UnsafeMutableRawPointer) {
      self.exchange = exchange
      unsafe self.handle = unsafe handle
    }

    var status: Int { unsafe swa_curl_status(handle) }

    static func from(_ pointer: UnsafeMutableRawPointer?) -> Context? {
      guard let pointer = unsafe pointer else { return nil }
      return unsafe Unmanaged<Context>.fromOpaque(pointer).takeUnretainedValue()
    }
  }

  private let readBody: swa_curl_transfer = { buffer, size, count, pointer in
    guard let context = unsafe Context.from(pointer), let buffer = unsafe buffer else {
      return Int(CURL_READFUNC_ABORT)
    }
    let bytes = unsafe UnsafeMutableRawBufferPointer(start: buffer, count: size * count)
    var span = unsafe MutableSpan<UInt8>(_unsafeBytes: bytes)
    return context.exchange.read(into: &span) ?? Int(CURL_READFUNC_ABORT)
  }

  private let writeBody: swa_curl_transfer = { buffer, size, count, pointer in
    guard let context = unsafe Context.from(pointer), let buffer = unsafe buffer else { return 0 }
    let bytes = unsafe UnsafeRawBufferPointer(start: buffer, count: size * count)
    let span = unsafe Span<UInt8>(_unsafeBytes: bytes)
    // Fewer than came tells libcurl to stop.
    return context.exchange.write(span, status: context.status) ? size * count : (size * count == 0 ? 1 : 0)
  }

  private let reportProgress: swa_curl_progress = { pointer, toReceive, received, toSend, sent in
    guard let context = unsafe Context.from(pointer) else { return 1 }
    context.exchange.report(
      TransferProgress(sent: sent, toSend: toSend, received: received, toReceive: toReceive))
    return 0
  }
}
