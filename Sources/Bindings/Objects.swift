import Interchange
import Layers
import Pipelines
import Reporting
import Tensors

// The native objects that scripts hold. Each class has one ``LuaType`` row.

/// `augq.Tensor`.
final class TensorObject {
  var value: Tensor
  init(_ value: Tensor) { self.value = value }
}

final class DatasetObject {
  let value: Dataset
  init(_ value: Dataset) { self.value = value }
}

final class GraphObject {
  var value: Graph
  init(_ value: Graph) { self.value = value }
}

/// A node of a graph that a script is building.
final class NodeObject {
  let graph: GraphObject
  let index: NodeIndex
  init(_ graph: GraphObject, _ index: NodeIndex) {
    self.graph = graph
    self.index = index
  }
}

final class ModelObject {
  var value: Model
  init(_ value: Model) { self.value = value }
}

final class EvaluationObject {
  let value: Evaluation
  init(_ value: Evaluation) { self.value = value }
}

final class OptimizerObject {
  let value: any Optimizer
  init(_ value: any Optimizer) { self.value = value }
}

final class ScheduleObject {
  let value: LearningRateSchedule
  init(_ value: LearningRateSchedule) { self.value = value }
}

final class TableObject {
  var value: ReportTable
  init(_ value: ReportTable) { self.value = value }
}
