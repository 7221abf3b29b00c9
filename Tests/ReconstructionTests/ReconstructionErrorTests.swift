import Reconstruction
import Testing

@Suite struct ReconstructionErrorTests {
  @Test func divergenceNamesUnitIterationLossAndRemedy() {
    let error = ReconstructionError.diverged(unit: "layer1.0", iteration: 12, loss: "nan")

    #expect(
      error.description
        == "reconstruction of layer1.0 diverged: the loss is nan at iteration 12. Lower the learning rates.")
  }
}
