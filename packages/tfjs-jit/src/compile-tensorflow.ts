import { evaluateOn } from './graph/evaluate.js';
import type { Graph } from './graph/graph.js';
import { at } from './kernels/spec.js';
import { lowerToTensorflow } from './lower/tensorflow/lower.js';
import type { TensorflowModel } from './lower/tensorflow/model.js';
import { mergeCommonSubexpressions } from './passes/common-subexpressions.js';
import { removeDeadCode } from './passes/dead-code.js';
import { removeEmptyTensors } from './passes/empty-tensors.js';
import { foldConstants } from './passes/fold-constants.js';
import { lowerPrecision, type Precision } from './passes/lower-precision.js';
import { mergeScales } from './passes/merge-scales.js';
import { fuseReadingPasses } from './passes/reading-passes.js';
import { shareMeanSquares } from './passes/share-mean-squares.js';
import { exactSlopes } from './passes/slopes.js';
import { shrinkUniformOperands } from './passes/uniform-operands.js';
import { planUpdates, type StateVariable } from './passes/updates/updates.js';

/** Constants of any size a network has are folded: the backend's kernels are TensorFlow's own, and nothing folds them later. */
const MAX_FOLDED = 1 << 28;

/** What the compiler may use. */
export interface CompileTensorflowOptions {
  /** Donated inputs that come back as outputs of the same shape. */
  readonly state: readonly StateVariable[];
  /** TensorFlow.js backend that constants are folded on. */
  readonly backend: string;
  /** Arithmetic of convolutions and matrix products; default float32. */
  readonly precision?: Precision;
}

/** Runs the passes that help TensorFlow, and lowers the graph. Everything stays in TensorFlow.js's own layout. */
export function compileTensorflow(
  traced: Graph,
  { state, backend, precision = 'float32' }: CompileTensorflowOptions,
): { readonly model: TensorflowModel; readonly graph: Graph } {
  const evaluate = evaluateOn(backend);
  const passes: readonly ((graph: Graph) => Graph)[] = [
    (graph) => removeEmptyTensors(graph, evaluateOn('cpu')),
    removeDeadCode,
    mergeCommonSubexpressions,
    exactSlopes,
    (graph) => foldConstants(graph, evaluate, MAX_FOLDED),
    mergeScales,
    shareMeanSquares,
    mergeCommonSubexpressions,
    shrinkUniformOperands,
    fuseReadingPasses,
    (graph) => lowerPrecision(graph, precision),
    removeDeadCode,
  ];
  const graph = passes.reduce((current, pass) => pass(current), traced);
  const kept = state.filter(({ input, output }) =>
    [at(graph.inputs, input), at(graph.outputs, output)].every(({ dtype }) => dtype === 'float32'),
  );
  const planned = planUpdates(graph, kept);
  return { model: lowerToTensorflow(planned.graph, planned.updates), graph };
}
