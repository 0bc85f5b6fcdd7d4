import ArgumentParser

/// How a log line is written.
enum LogFormat: String, CaseIterable, ExpressibleByArgument {
  /// `TIME LEVEL MESSAGE KEY=VALUE …`
  case text
  /// One JSON object a line.
  case json
}
