import {
  at,
  type CompileOptions,
  evaluateOn,
  foldConstants,
  type Graph,
  mergeCommonSubexpressions,
  mergeScales,
  type Pass,
  recogniseUpsampling,
  removeDeadCode,
  runPasses,
  shrinkUniformOperands,
  sizeOf,
  type Value,
} from '@edm2/tfjs-jit/graph';
import { layout } from './layout/layout.js';
import { moveConstants } from './layout/move-constants.js';
import type { Dialect } from './lowering/emitter.js';
import { type WrittenOnnx, writeOnnx } from './lowering/write.js';
import { type Bundle, packState } from './pack-state/pack-state.js';
import type { Port, PortBundle } from './port.js';

/** What the lowering may do and use. */
export interface LowerToOnnxOptions extends Pick<CompileOptions, 'state' | 'donated'> {
  /** Which operators may be used: ONNX's own only, or ONNX Runtime's extensions too. */
  readonly dialect: Dialect;
  /** TensorFlow.js backend that constants are folded on. */
  readonly backend: string;
}

/** A model, how its inputs and outputs lie in memory, and the graph that it was written from. */
export interface OnnxProgram extends WrittenOnnx {
  /** One per input of the graph that was lowered, in order. */
  readonly inputs: readonly Port[];
  /** One per output. */
  readonly outputs: readonly Port[];
  readonly inputBundles: readonly PortBundle[];
  readonly outputBundles: readonly PortBundle[];
  /** Laid out and packed, as the runtime will run it. */
  readonly graph: Graph;
}

/** Passes before tensors are laid out: ONNX Runtime folds, merges and fuses the rest. */
const passes = (backend: string): readonly Pass[] => [
  (graph) => foldConstants(graph, evaluateOn(backend)),
  recogniseUpsampling,
  shrinkUniformOperands,
  mergeScales,
  removeDeadCode,
];

/**
 * Writes a graph as an ONNX model (opset 17): convolutions on NCHW and OIHW, optimizer updates of many small tensors as few
 * large ones, donated inputs in the order of axes that suits them.
 *
 * @param graph - as `jit` hands it to an engine, or `traceFunction` gives it.
 * @throws {Error} for a kernel without operators in the dialect.
 */
export function lowerToOnnx(given: Graph, { donated, state, dialect, backend }: LowerToOnnxOptions): OnnxProgram {
  const simple = runPasses(given, passes(backend));
  const laidOut = layout(simple, {
    inputs: donated,
    stateOutputs: new Map(state.map((leaf) => [leaf.output, leaf.input])),
  });
  const tidied = removeDeadCode(mergeCommonSubexpressions(moveConstants(laidOut.graph)));
  const { graph, inputBundles, outputBundles } = packState(tidied, state);
  const written = writeOnnx(graph, dialect);
  const { model } = written;

  const names = new Map<Value, string>();
  graph.inputs.forEach((value, i) => void names.set(value, at(model.inputs, i).name));
  const outputNames = new Map<Value, string[]>();
  graph.outputs.forEach((value, i) => {
    outputNames.set(value, [...(outputNames.get(value) ?? []), at(model.outputs, i).name]);
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
    ...written,
    inputs,
    outputs,
    inputBundles: inputBundles.map((b) => bundle(b, (value) => names.get(value) ?? '')),
    outputBundles: outputBundles.map((b) => bundle(b, nextName)),
    graph,
  };
}
