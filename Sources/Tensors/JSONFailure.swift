/// An error of a format that is written in JSON, and so can carry an error of its syntax.
package protocol JSONFailure: Error {
  init(syntax: JSONSyntaxError)
}
