import {
  at,
  type CompileOptions,
  evaluateOn,
  foldConstants,
  type Graph,
  mergeCommonSubexpressions,
  mergeScales,
  type Pass,
  type Precision,
  reducePrecision,
  removeDeadCode,
  runPasses,
  shareMeanSquares,
  shrinkUniformOperands,
} from '@edm2/tfjs-jit/graph';
import type { TensorflowModel } from './lowering/model.js';
import { writeTensorflow } from './lowering/write.js';
import { fuseReadingPasses } from './passes/reading-passes.js';
import { planUpdates } from './passes/updates/updates.js';

/** Constants of any size a network has are folded: the backend's kernels are TensorFlow's own, and nothing folds them later. */
const MAX_FOLDED = 1 << 28;

/**
 * What helps TensorFlow, before state is given its updates. Everything stays in TensorFlow.js's own layout, which oneDNN reads as it is: a
 * profile of the 16.6 M net's step shows no reordered activation, weights alone (54 of 381 ms of its primitives).
 *
 * @param backend - TensorFlow.js backend that constants are folded on.
 */
export const arrange = (graph: Graph, precision: Precision, backend: string): Graph =>
  runPasses(graph, passes(precision, backend));

const passes = (precision: Precision, backend: string): readonly Pass[] => [
  (graph) => foldConstants(graph, evaluateOn(backend), MAX_FOLDED),
  mergeScales,
  shareMeanSquares,
  mergeCommonSubexpressions,
  shrinkUniformOperands,
  fuseReadingPasses,
  (graph) => reducePrecision(graph, precision),
  removeDeadCode,
];

/** Writes a graph as a TensorFlow function; float32 state is updated in place, in variables. */
export function lowerToTensorflow(
  given: Graph,
  { state, precision }: Pick<CompileOptions, 'state' | 'precision'>,
  backend: string,
): TensorflowModel {
  const graph = arrange(given, precision, backend);
  const kept = state.filter(({ input, output }) =>
    [at(graph.inputs, input), at(graph.outputs, output)].every(({ dtype }) => dtype === 'float32'),
  );
  const planned = planUpdates(graph, kept);
  return writeTensorflow(planned.graph, planned.updates);
}
