import Optimizers
import Tensors
import Testing

/// The constructor and the members of `tfa.optimizers.SWA` that need no variables.
struct SWATests {
  @Test
  func itTakesTheArgumentsOfTensorFlowAddons() throws {
    let swa = try SWA(
      Adam(), startAveraging: 5, averagePeriod: 3, name: "mean", sequentialUpdate: false, clipnorm: 1, clipvalue: 2,
      lr: 0.25, decay: 0.5)
    #expect(swa.startAveraging == 5 && swa.averagePeriod == 3 && swa.name == "mean" && !swa.sequentialUpdate)
    #expect(swa.clipping.norm == 1 && swa.clipping.value == 2 && swa.clipping.globalNorm == nil)
    #expect(swa.inner is Adam)
    #expect(swa.lr.value(at: 0) == 0.25 && swa.inner.settings.decay == 0.5)
  }

  @Test
  func argumentsOutOfRangeAreNamed() {
    for (field, make) in [
      ("start_averaging", { try SWA(SGD(), startAveraging: -1) }),
      ("average_period", { try SWA(SGD(), averagePeriod: 0) }),
      ("clipnorm", { try SWA(SGD(), clipnorm: 0) }),
      ("clipvalue", { try SWA(SGD(), clipvalue: .nan) }),
      ("global_clipnorm", { try SWA(SGD(), clipnorm: 1, globalClipnorm: 1) }),
      ("lr", { try SWA(SGD(), lr: -1) }),
      ("decay", { try SWA(SGD(), decay: -1) }),
    ] as [(String, () throws -> SWA)] {
      let error = #expect(throws: ConfigurationError.self) { try make() }
      #expect(error?.field == "config.\(field)")
    }
  }

  @Test
  func configAndInitUndoEachOther() throws {
    let swa = try SWA(SGD(learningRate: 0.1), startAveraging: 5, globalClipnorm: 1)
    let config = swa.config
    #expect(config["start_averaging"] == 5)
    #expect(config["optimizer"]?["config"]?["learning_rate"] == 0.1)
    #expect(try SWA(config: config).config == config)
    let average = try MovingAverage(config: ["optimizer": "adam", "average_decay": 0.5])
    #expect(try MovingAverage(config: average.config).config == average.config)
    #expect(throws: ConfigurationError.self) { try SWA(config: [1]) }
  }

  @Test
  func theRateIsTheInnerOptimizers() {
    var swa = SWA(SGD(learningRate: 0.1))
    swa.lr = 0.5
    #expect(swa.inner.settings.learningRate.value(at: 7) == 0.5)
    #expect(swa.learningRate.value(at: 0) == 0.5)
  }

  @Test
  func averageOpIsTheRunningMean() throws {
    let swa = try SWA(SGD(), startAveraging: 1, averagePeriod: 2)
    #expect(try swa.averageOp([1, 2], average: nil, snapshots: 0, iteration: 0)?.floats == nil)
    let first = try #require(try swa.averageOp([1, 2], average: nil, snapshots: 0, iteration: 1))
    #expect(first.floats == [1, 2])
    #expect(try swa.averageOp([1, 2], average: first, snapshots: 1, iteration: 2)?.floats == nil)
    let second = try #require(try swa.averageOp([2, 6], average: first, snapshots: 1, iteration: 3))
    #expect(second.floats == [1.5, 4])
    #expect(first.floats == [1, 2])
    let moving = try MovingAverage(config: ["optimizer": "sgd", "average_decay": 0.5])
    let doubles = Tensor(doubles: [2])
    let halfway = try moving.averageOp(Tensor(doubles: [4]), average: doubles, snapshots: 1, iteration: 5)
    #expect(halfway?.doubles == [3])
  }
}
