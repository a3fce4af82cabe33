import { evaluateOn } from './graph/evaluate.js';
import type { Graph } from './graph/graph.js';
import { lowerToTensorflow } from './lower/tensorflow/lower.js';
import type { TensorflowModel } from './lower/tensorflow/model.js';
import { mergeCommonSubexpressions } from './passes/common-subexpressions.js';
import { removeDeadCode } from './passes/dead-code.js';
import { foldConstants } from './passes/fold-constants.js';
import type { StateLeaf } from './passes/pack-state/families.js';
import { shrinkUniformOperands } from './passes/uniform-operands.js';

/** What the compiler may use. */
export interface CompileTensorflowOptions {
  /** Inputs that come back as outputs. */
  readonly state: readonly StateLeaf[];
  /** TensorFlow.js backend that constants are folded on. */
  readonly backend: string;
}

/** Runs the passes that help TensorFlow, and lowers the graph. Everything stays in TensorFlow.js's own layout. */
export function compileTensorflow(
  traced: Graph,
  { backend }: CompileTensorflowOptions,
): { readonly model: TensorflowModel; readonly graph: Graph } {
  const evaluate = evaluateOn(backend);
  const passes: readonly ((graph: Graph) => Graph)[] = [
    removeDeadCode,
    mergeCommonSubexpressions,
    (graph) => foldConstants(graph, evaluate),
    shrinkUniformOperands,
    removeDeadCode,
  ];
  const graph = passes.reduce((current, pass) => pass(current), traced);
  return { model: lowerToTensorflow(graph), graph };
}
