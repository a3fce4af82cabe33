import type { CompiledModel, Port } from './engine.js';
import { type Evaluate, evaluateOn } from './graph/evaluate.js';
import type { Graph } from './graph/graph.js';
import type { Permutation } from './graph/permutation.js';
import { at } from './kernels/spec.js';
import type { Dialect } from './lower/onnx/emitter.js';
import { lowerToOnnx } from './lower/onnx/lower.js';
import { mergeCommonSubexpressions } from './passes/common-subexpressions.js';
import { removeDeadCode } from './passes/dead-code.js';
import { foldConstants } from './passes/fold-constants.js';
import { type LayoutFreedom, layout } from './passes/layout/layout.js';
import { moveConstants } from './passes/move-constants.js';
import { recogniseUpsampling } from './passes/nearest-upsampling.js';
import { shrinkUniformOperands } from './passes/uniform-operands.js';

/** What the compiler may do and use. */
export interface CompileOptions {
  readonly free: LayoutFreedom;
  readonly dialect: Dialect;
  /** TensorFlow.js backend that constants are folded on. */
  readonly backend: string;
}

/** The model, and the graph that it was lowered from. */
export interface Compiled extends CompiledModel {
  readonly graph: Graph;
}

/** What happens before tensors are laid out, in order: each pass leaves what the graph computes unchanged. */
const passes = (evaluate: Evaluate): readonly ((graph: Graph) => Graph)[] => [
  removeDeadCode,
  mergeCommonSubexpressions,
  (graph) => foldConstants(graph, evaluate),
  recogniseUpsampling,
  shrinkUniformOperands,
  removeDeadCode,
];

/** Runs every pass and lowers the graph. */
export function compileGraph(traced: Graph, options: CompileOptions): Compiled {
  const { free, dialect, backend } = options;
  const simple = passes(evaluateOn(backend)).reduce((graph, pass) => pass(graph), traced);
  const laidOut = layout(simple, free);
  const graph = removeDeadCode(mergeCommonSubexpressions(moveConstants(laidOut.graph)));
  const onnx = lowerToOnnx(graph, dialect);
  const port = (
    shape: readonly number[],
    i: number,
    orders: readonly Permutation[],
    names: readonly { name: string }[],
  ) => ({
    name: at(names, i).name,
    shape,
    order: at(orders, i),
  });
  const inputs = simple.inputs.map(
    (value, i): Port => ({ ...port(value.shape, i, laidOut.inputOrders, onnx.inputs), dtype: value.dtype }),
  );
  const outputs = simple.outputs.map(
    (value, i): Port => ({ ...port(value.shape, i, laidOut.outputOrders, onnx.outputs), dtype: value.dtype }),
  );
  return { onnx, inputs, outputs, graph };
}
