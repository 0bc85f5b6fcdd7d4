public import ArgumentParser
public import ParameterServer
import TLS

/// `swa-server token`: a new token, and the line that makes it known.
struct TokenCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token", abstract: "Make a token and print it, then the line for the file of --tokens.",
    discussion: """
      The first line of the output is the token, 256 random bits; give it to whoever is to have it, as \
      'Authorization: Bearer TOKEN', or in SWA_TOKEN for swa-trainer. The second line goes into the file that \
      --tokens names; it holds the token's SHA-256, from which nobody finds the token. The server reads the file at its \
      start and at each SIGHUP.
      """)

  @Argument(help: "reader (sees everything), trainer (pushes gradients as well), or admin (changes everything).")
  var role: Role

  @Argument(help: "Whose it is, for people who read the file.")
  var label: String?

  func run() throws {
    var generator = SystemRandomNumberGenerator()
    let token = (0..<4).map { _ in
      let digits = String(UInt64.random(in: 0 ... .max, using: &generator), radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
    guard let line = TokenTable.line(role: role, digest: SHA256.digest(of: Array(token.utf8).span), label: label)
    else {
      throw ValidationError("The label must have 1 to 100 characters and no control characters.")
    }
    print(token)
    print(line)
  }
}

extension Role: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
  public static var allValueStrings: [String] { ofTokens.map(\.description) }
}
