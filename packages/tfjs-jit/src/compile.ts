import type { CompiledModel, Port } from './engine.js';
import type { Graph } from './graph/graph.js';
import type { Permutation } from './graph/permutation.js';
import { at } from './kernels/spec.js';
import type { Dialect } from './lower/onnx/emitter.js';
import { lowerToOnnx } from './lower/onnx/lower.js';
import { mergeCommonSubexpressions } from './passes/common-subexpressions.js';
import { removeDeadCode } from './passes/dead-code.js';
import { foldConstants } from './passes/fold-constants.js';
import { type LayoutFreedom, layout } from './passes/layout/layout.js';
import { recogniseUpsampling } from './passes/nearest-upsampling.js';
import { shrinkUniformOperands } from './passes/uniform-operands.js';

/** What happens before tensors are laid out, in order: each pass leaves what the graph computes unchanged. */
const PASSES: readonly ((graph: Graph) => Graph)[] = [
  removeDeadCode,
  mergeCommonSubexpressions,
  foldConstants,
  recogniseUpsampling,
  shrinkUniformOperands,
  removeDeadCode,
];

/** Runs every pass and lowers the graph. */
export function compileGraph(traced: Graph, free: LayoutFreedom, dialect: Dialect): CompiledModel {
  const simple = PASSES.reduce((graph, pass) => pass(graph), traced);
  const laidOut = layout(simple, free);
  const graph = removeDeadCode(mergeCommonSubexpressions(laidOut.graph));
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
  return { onnx, inputs, outputs };
}
