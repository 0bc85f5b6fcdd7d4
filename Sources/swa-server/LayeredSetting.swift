import ArgumentParser
import Optimizers

/// One option as one layer sets it, in the words of the command line.
struct LayeredSetting {
  let name: SettingName
  let source: Source
  let arguments: [String]

  /// A setting that the option parser takes when it is given alone.
  init(_ name: SettingName, shape: SettingShape, value: ConfigValue, source: Source) throws(Failure) {
    self.name = name
    self.source = source
    do {
      arguments = try value.arguments(for: name, shape: shape)
      _ = try ServeOptions.parse(arguments)
    } catch let error as InvalidValue {
      throw Failure(.usage, "\(source.place(of: name)): \(error)")
    } catch {
      throw Failure(.usage, "\(source.place(of: name)): \(ServeOptions.message(for: error))")
    }
  }
}
