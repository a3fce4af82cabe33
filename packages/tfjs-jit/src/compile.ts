import type { OnnxCompiledModel, Port, PortBundle } from './engine.js';
import { type Evaluate, evaluateOn } from './graph/evaluate.js';
import { type Graph, sizeOf, type Value } from './graph/graph.js';
import { at } from './kernels/spec.js';
import type { Dialect } from './lower/onnx/emitter.js';
import { lowerToOnnx } from './lower/onnx/lower.js';
import { mergeCommonSubexpressions } from './passes/common-subexpressions.js';
import { removeDeadCode } from './passes/dead-code.js';
import { removeEmptyTensors } from './passes/empty-tensors.js';
import { foldConstants } from './passes/fold-constants.js';
import { layout } from './passes/layout/layout.js';
import { mergeScales } from './passes/merge-scales.js';
import { moveConstants } from './passes/move-constants.js';
import { recogniseUpsampling } from './passes/nearest-upsampling.js';
import type { StateLeaf } from './passes/pack-state/families.js';
import { type Bundle, packState } from './passes/pack-state/pack-state.js';
import { exactSlopes } from './passes/slopes.js';
import { shrinkUniformOperands } from './passes/uniform-operands.js';

/** What the compiler may do and use. */
export interface CompileOptions {
  /** Inputs that stay on the engine from call to call, and may lie there in any order of axes. */
  readonly free: ReadonlySet<number>;
  /** Inputs that come back as outputs. */
  readonly state: readonly StateLeaf[];
  readonly dialect: Dialect;
  /** TensorFlow.js backend that constants are folded on. */
  readonly backend: string;
}

/** The model, and the graph that it was lowered from. */
export interface Compiled extends OnnxCompiledModel {
  readonly graph: Graph;
}

/** What happens before tensors are laid out, in order: each pass leaves what the graph computes unchanged (scales: up to rounding). */
const passes = (evaluate: Evaluate): readonly ((graph: Graph) => Graph)[] => [
  (graph) => removeEmptyTensors(graph, evaluateOn('cpu')),
  removeDeadCode,
  mergeCommonSubexpressions,
  exactSlopes,
  (graph) => foldConstants(graph, evaluate),
  recogniseUpsampling,
  shrinkUniformOperands,
  mergeScales,
  removeDeadCode,
];

/** Runs every pass and lowers the graph. */
export function compileGraph(traced: Graph, options: CompileOptions): Compiled {
  const { free, state, dialect, backend } = options;
  const simple = passes(evaluateOn(backend)).reduce((graph, pass) => pass(graph), traced);
  const laidOut = layout(simple, {
    inputs: free,
    stateOutputs: new Map(state.map((leaf) => [leaf.output, leaf.input])),
  });
  const tidied = removeDeadCode(mergeCommonSubexpressions(moveConstants(laidOut.graph)));
  const { graph, inputBundles, outputBundles } = packState(tidied, state);
  const onnx = lowerToOnnx(graph, dialect);

  const names = new Map<Value, string>();
  graph.inputs.forEach((value, i) => void names.set(value, at(onnx.inputs, i).name));
  const outputNames = new Map<Value, string[]>();
  graph.outputs.forEach((value, i) => {
    outputNames.set(value, [...(outputNames.get(value) ?? []), at(onnx.outputs, i).name]);
  });
  /** One value may be several outputs, each under a name of its own, in order. */
  const nextName = (value: Value): string =>
    at(
      [outputNames.get(value)?.shift()].filter((name) => name !== undefined),
      0,
    );
  const packed = new Set(outputBundles.flatMap((bundle) => bundle.members));
  const inputs = simple.inputs.map(
    ({ shape, dtype }, i): Port => ({
      name: names.get(at(tidied.inputs, i)),
      shape,
      dtype,
      order: at(laidOut.inputOrders, i),
    }),
  );
  const outputs = simple.outputs.map(
    ({ shape, dtype }, i): Port => ({
      name: packed.has(i) ? undefined : nextName(at(tidied.outputs, i)),
      shape,
      dtype,
      order: at(laidOut.outputOrders, i),
    }),
  );
  const bundle = ({ members, chunks }: Bundle, name: (value: Value) => string): PortBundle => ({
    members,
    chunks: chunks.map(({ value, offset }) => ({ name: name(value), offset, length: sizeOf(value.shape) })),
  });
  return {
    format: 'onnx',
    onnx,
    inputs,
    outputs,
    inputBundles: inputBundles.map((b) => bundle(b, (value) => names.get(value) ?? '')),
    outputBundles: outputBundles.map((b) => bundle(b, nextName)),
    graph,
  };
}
