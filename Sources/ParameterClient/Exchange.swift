import Tensors

/// One attempt at a request while libcurl runs it: where its bytes come from and where the answer's go.
final class Exchange {
  private let upload: Upload?
  /// Bytes of the request's body that libcurl has taken.
  private(set) var sent = 0
  /// Whether something of the answer is in a file, from which it can't be taken back.
  private(set) var hasWrittenToFile = false
  private var download: Download
  private var refusal: [UInt8] = []
  private let onProgress: ((TransferProgress) -> Void)?
  /// Why a callback stopped the transfer.
  private(set) var failure: ClientError?

  private static let refusalLimit = 64 << 10

  init(upload: Upload?, download: Download, onProgress: ((TransferProgress) -> Void)?) {
    self.upload = upload
    self.download = download
    self.onProgress = onProgress
  }

  /// What was received of a refusal, cut at 64 KiB.
  var refusalBody: [UInt8] { refusal }

  /// What was received, when it went to memory.
  var text: [UInt8] {
    guard case .bytes(let bytes, _) = download else { return [] }
    return bytes
  }

  /// Fills the buffer with what comes next of the request's body and says how much; nil when that failed.
  func read(into buffer: inout MutableSpan<UInt8>) -> Int? {
    guard let upload else { return 0 }
    do {
      let count = try upload.read(into: &buffer, at: sent)
      sent += count
      return count
    } catch {
      failure = error
      return nil
    }
  }

  /// Takes a piece of the answer's body; false when that failed.
  func write(_ bytes: Span<UInt8>, status: Int) -> Bool {
    guard (200..<300).contains(status) else {
      for index in 0..<min(bytes.count, Self.refusalLimit - refusal.count) { refusal.append(bytes[index]) }
      return true
    }
    do {
      if case .file = download { hasWrittenToFile = true }
      try download.write(bytes)
      return true
    } catch {
      failure = error
      return false
    }
  }

  func report(_ progress: TransferProgress) { onProgress?(progress) }
}
