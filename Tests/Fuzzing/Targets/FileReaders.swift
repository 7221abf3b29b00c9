import Interchange
import Layers
import Tensors

/// What a fuzzer, and the replay of its corpus, does with the bytes of a file.
///
/// A reader may throw an `InterchangeError`; anything else it does wrong traps.
public enum FileReaders {
  /// Opens a safetensors file and reads every tensor.
  ///
  /// - Returns: Whether the file was accepted.
  @discardableResult
  public static func safetensors(_ bytes: UnsafeRawBufferPointer) -> Bool {
    do {
      let file = try SafetensorsFile(MappedFile(borrowing: bytes, path: "x.safetensors"))
      for name in file.names {
        let entry = try file.entry(name)
        let isFloating = [.f64, .f32, .f16, .bf16].contains(entry.type)
        if isFloating {
          let tensor = try file.tensor(name)
          precondition(tensor.shape == entry.shape && tensor.values.count == entry.shape.count)
        } else {
          let integers = try file.integers(name)
          precondition(integers.count == entry.shape.count)
        }
      }
      return true
    } catch {
      precondition(error is InterchangeError, "\(error)")
      precondition(!"\(error)".isEmpty)
      return false
    }
  }

  /// Reads an ONNX file, imports its first result, and runs a small network on one image.
  ///
  /// - Returns: Whether the file was accepted.
  @discardableResult
  public static func onnx(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let model: Model
    do {
      model = try ONNXFile(bytes: bytes, path: "x.onnx").model()
    } catch {
      precondition(!"\(error)".isEmpty)
      return false
    }
    do {
      try model.validate()
      try run(model)
    } catch {
      preconditionFailure("an imported network does not run: \(error)")
    }
    return true
  }

  /// The most values and multiplications of networks that are run: a fuzzer must not wait for them.
  private static let workLimit = 1 << 18

  private static func run(_ model: Model) throws {
    var work = 0
    for node in model.graph.nodes {
      let weights = node.layer?.parameters.first?.shape.count ?? 1
      let (product, overflow) = node.shape.count.multipliedReportingOverflow(by: max(1, weights))
      guard !overflow, product <= workLimit else { return }
      work += product
      guard work <= workLimit else { return }
    }
    let input = Tensor(zeros: model.graph.nodes[0].shape.batched(1))
    let output = try model.forward(input, execution: Execution(threads: 1))
    precondition(output.shape == model.graph.nodes[model.graph.output].shape.batched(1))
  }
}
