import Foundation
import Testing

@Suite(.timeLimit(.minutes(1))) struct ExitCodeTests {
  @Test func versionIsPrinted() throws {
    let result = try CommandProcess.run(["--version"])
    #expect(result.status == 0)
    #expect(result.output == "0.1.0\n")
  }

  @Test func helpNamesEveryOptionWithUnitAndDefault() throws {
    let result = try CommandProcess.run(["serve", "--help"])
    #expect(result.status == 0)
    #expect(result.output.contains("--head-timeout <seconds>"))
    #expect(result.output.contains("(default: 10 s)"))
    #expect(result.output.contains("--max-body-bytes <bytes>"))
  }

  @Test func configPrintsTheLayersOfTheProcess() throws {
    let result = try CommandProcess.run(["config", "--port", "1"], environment: ["SWA_LOOPS": "2"])
    #expect(result.status == 0)
    let lines = result.output.split(separator: "\n").map { $0.split(separator: " ") }
    #expect(lines.contains(["port", "1", "flag"]))
    #expect(lines.contains(["loops", "2", "environment", "SWA_LOOPS"]))
  }

  @Test(arguments: [
    ["serve", "--port", "x"], ["serve", "--no-such-option"], ["serve", "--host", "0.0.0.0"], ["no-such-command"],
    ["config", "--port", "x"], ["config", "--host", "0.0.0.0"],
  ])
  func badUsageIs64(arguments: [String]) throws {
    let result = try CommandProcess.run(arguments)
    #expect(result.status == 64)
    #expect(result.errors.hasPrefix("Error: "))
  }

  @Test func badEnvironmentIs64() throws {
    let result = try CommandProcess.run(["serve"], environment: ["SWA_PROT": "1"])
    #expect(result.status == 64)
    #expect(result.errors == "Error: environment SWA_PROT: no such option; see swa-server serve --help\n")
  }

  @Test func unreadableConfigurationIs74() throws {
    let result = try CommandProcess.run(["serve", "--config", "/no/such/file"])
    #expect(result.status == 74)
    #expect(result.errors == "Error: cannot read /no/such/file: no such file or directory\n")
  }
}
