/// Text from a server or a file, made safe for a terminal.
extension String {
  /// The text with control characters escaped.
  var printable: String {
    unicodeScalars.map { scalar in
      scalar.properties.generalCategory == .control ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
    }.joined()
  }
}
