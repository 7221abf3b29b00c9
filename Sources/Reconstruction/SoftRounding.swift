import CKernels
#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Layers
import Quantizers
import Tensors

/// AdaRound's soft choice between the two neighbouring levels, as a transform of the variable V of each weight.
///
/// Any grid: the neighbours are those of the weight's own region, group and block, clamped to the whole range.
/// Source: Nagel et al. 2020, eq. 21 to 24.
final class SoftRounding: TensorTransform, @unchecked Sendable {
  private let lower: Tensor
  private let upper: Tensor
  private let width: Tensor
  /// Weight and exponent of the regulariser in this step; set by the loop between passes, which run one at a time.
  var regularization: Float = 0
  var beta: Float = 2

  init(_ neighbours: LevelNeighbours) {
    lower = neighbours.lower
    upper = neighbours.upper
    width = Tensor.elementwise(neighbours.upper, "-", neighbours.lower)
  }

  /// V of which the soft weight is `weight`, clamped to the levels: `-log(1.2 / (h + 0.1) - 1)` with the remainder h.
  func initialVariable(for weight: Tensor) -> Tensor {
    Tensor(weight.shape) { target in
      for i in 0..<weight.count {
        let share = width[i] > 0 ? min(1, max(0, (weight[i] - lower[i]) / width[i])) : 0.5
        target[i] = -logf(1.2 / (share + 0.1) - 1)
      }
    }
  }

  /// The level each variable has chosen: the upper one from h = 0.5, which is V = 0.
  func hardened(_ variable: Tensor) -> Tensor {
    Tensor(variable.shape) { target in
      for i in 0..<variable.count { target[i] = variable[i] >= 0 ? upper[i] : lower[i] }
    }
  }

  /// Share of weights that may choose and have not yet: 0.01 < h < 0.99.
  func undecidedShare(_ variable: Tensor) -> Double {
    let open = (0..<variable.count).count { width[$0] > 0 && abs(variable[$0]) < 2.29 }
    return Double(open) / Double(max(1, variable.count))
  }

  func apply(to variable: Tensor, execution: Execution) throws -> Tensor {
    Tensor(variable.shape) { target in
      variable.withAddress { v in
        lower.withAddress { lower in
          width.withAddress { aq_soft_round(variable.count, v, lower, $0, target.baseAddress) }
        }
      }
    }
  }

  func adjoint(_ gradient: Tensor, at variable: Tensor, execution: Execution) throws -> Tensor {
    Tensor(variable.shape) { target in
      variable.withAddress { v in
        gradient.withAddress { dw in
          width.withAddress {
            aq_soft_round_adjoint(variable.count, v, dw, $0, regularization, beta, target.baseAddress)
          }
        }
      }
    }
  }
}
