import Interchange
import Layers
import Tensors
import TestSupport

/// The CIFAR-10 ResNet-20 of akamaster/pytorch_resnet_cifar10, from `data/models` (see its MANIFEST, 91.73 %).
enum PretrainedResNet20 {
  /// The network, batch norms folded.
  static func model() throws -> Model {
    let file = try SafetensorsFile(path: SharedData.path("data/models/resnet20_cifar10.safetensors"))
    let graph = try ReferenceNetworks.resNet20()
    var parameters: [String: Tensor] = [:]
    for (key, specification) in Model.specifications(of: graph) {
      let tensor = try file.tensor(torchKey(key))
      parameters[key] = tensor.shape.rank == 4 ? channelsLast(tensor) : tensor
      precondition(parameters[key]?.shape == specification.shape, key)
    }
    return try Model(graph: graph, parameters: parameters).foldingBatchNorm()
  }

  /// Images of a file in `data/cifar10` as the network expects them, and their labels.
  static func images(_ file: String, _ range: Range<Int>) throws -> (images: Tensor, labels: [Int]) {
    let data = try CIFAR10.load(files: [SharedData.path("data/cifar10/\(file)")])
    let (images, labels) = try data.batch(range)
    let mean: [Float] = [0.485, 0.456, 0.406]
    let deviation: [Float] = [0.229, 0.224, 0.225]
    return (
      Tensor(images.shape) { target in
        images.withValues { source in
          for i in source.indices { target[i] = (source[i] - mean[i % 3]) / deviation[i % 3] }
        }
      }, labels
    )
  }

  /// The share of images whose highest score is their label's, in percent.
  static func top1(_ images: Tensor, _ labels: [Int], _ forward: (Tensor) throws -> Tensor) throws -> Double {
    var correct = 0
    for start in stride(from: 0, to: labels.count, by: 250) {
      let range = start..<min(labels.count, start + 250)
      let scores = try forward(images.rows(range)).values
      for row in range {
        let own = scores[(row - start) * 10..<(row - start + 1) * 10]
        if own.firstIndex(of: own.max() ?? 0) == (row - start) * 10 + labels[row] { correct += 1 }
      }
    }
    return 100 * Double(correct) / Double(labels.count)
  }

  private static func torchKey(_ key: String) -> String {
    let parts = key.split(separator: ".").map(String.init)
    let (node, parameter) = (parts[0], parts[1])
    switch node {
    case "stem": return "conv1.\(parameter)"
    case "stem_bn": return "bn1.\(parameter)"
    case "head": return "linear.\(parameter)"
    default:
      // stage2_1_a_bn -> layer2.0.bn1
      let names = node.split(separator: "_").map(String.init)
      let kind = names.count == 4 ? "bn" : "conv"
      let block = (Int(names[1]) ?? 0) - 1
      return "layer\(names[0].dropFirst(5)).\(block).\(kind)\(names[2] == "a" ? 1 : 2).\(parameter)"
    }
  }

  private static func channelsLast(_ x: Tensor) -> Tensor {
    let (o, i, h, w) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
    return Tensor([o, h, w, i]) { target in
      x.withValues { source in
        for a in 0..<o {
          for b in 0..<i {
            for p in 0..<h * w { target[(a * h * w + p) * i + b] = source[(a * i + b) * h * w + p] }
          }
        }
      }
    }
  }
}
