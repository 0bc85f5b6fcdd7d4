/// Why the text of an option is no value of it; the option parser puts the text and the option's name in front.
struct InvalidValue: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) {
    self.description = description
  }
}
