/// Text from a request, made safe to show.
extension StringProtocol {
  /// The text with control characters escaped, cut at 200 characters.
  var escaped: String {
    var result = ""
    var count = 0
    for scalar in unicodeScalars {
      if count == 200 { return result + "…" }
      let isPlain = scalar.value >= 0x20 && scalar.value != 0x7F && !(0x80...0x9F).contains(scalar.value)
      if isPlain { result.unicodeScalars.append(scalar) } else { result += "\\u{\(String(scalar.value, radix: 16))}" }
      count += 1
    }
    return result
  }
}
