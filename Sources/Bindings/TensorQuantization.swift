import LuaRuntime
import Quantizers
import Tensors

/// Grids and codebooks on single tensors, for looking at a quantizer before a network depends on it.
struct TensorQuantization: Sendable {
  let session: Session

  var functions: [LuaFunction] {
    [
      LuaFunction(
        "fake_quantize",
        "Fits a granularity to a tensor and returns the tensor on its grid and what it costs.",
        parameters: [
          LuaParameter("tensor", "augq.Tensor", "values"),
          LuaParameter("granularity", "augq.Granularity|augq.Codebook", "what the grid looks like"),
        ], returns: "augq.Tensor, table"
      ) { call in
        let tensor = try call.object(TensorObject.self, 0).value
        let grid = try grid(call, for: tensor)
        let result = try grid.fakeQuantized(tensor, execution: session.execution)
        let storage = try grid.storage(of: tensor, execution: session.execution)
        return .values([.object(TensorObject(result)), .table(QuantizeModule.fields(storage))])
      }
    ]
  }

  private func grid(_ call: LuaCall, for tensor: Tensor) throws -> any QuantizationGrid {
    if let codebook = try call.optionalObject(CodebookObject.self, 1) {
      return try codebook.value.grid(for: tensor, execution: session.execution)
    }
    return try call.object(GranularityObject.self, 1).value.grid(for: tensor, execution: session.execution)
  }
}
