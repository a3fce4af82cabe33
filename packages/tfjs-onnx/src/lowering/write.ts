import {
  at,
  checkNodeIndices,
  type Graph,
  type IndexCheck,
  indexCheck,
  indexError,
  type Node,
  unsupportedKernel,
  type Value,
} from '@edm2/tfjs-jit/graph';
import { createEmitter, type Dialect, type OnnxEmitter } from './emitter.js';
import type { OnnxModel, OnnxPort } from './model.js';
import { LOWERINGS } from './table.js';

/** A model, and what in it came from where. */
export interface WrittenOnnx {
  readonly model: OnnxModel;
  /** The node of the graph that an operator came from, by the name that it has, or that ONNX Runtime gave it in turn. */
  nodeNamed(name: string): Node | undefined;
  /** What ONNX Runtime says of a run that failed, in the words of the op that asked for it, with its line; else as it is. */
  reword(error: Error): Error;
}

/**
 * Writes a laid-out graph as an ONNX model.
 *
 * @param graph - kernels on NCHW and OIHW (see `layout`).
 * @param dialect - `'standard'` uses ONNX's own operators only.
 * @throws {Error} when a kernel has no lowering: names it, the op that asked for it, and the supported ones.
 */
export function writeOnnx(graph: Graph, dialect: Dialect): WrittenOnnx {
  const emitter = createEmitter(dialect);
  const inputs = graph.inputs.map((value, i): OnnxPort => {
    emitter.bind(value, `in${i}`);
    return { name: `in${i}`, shape: value.shape, type: value.dtype };
  });
  for (const [value, data] of graph.constants) emitter.bindConstant(value, data);
  const checks = new Map<number, IndexCheck>();
  graph.nodes.forEach((node, i) => {
    const lowering = LOWERINGS[node.kernel];
    if (lowering === undefined) throw unsupportedKernel(node.kernel, node.op);
    checkNodeIndices(
      node,
      node.inputs.map((input) => graph.constants.get(input)),
    );
    const check = indexCheck(node);
    if (check !== undefined) checks.set(i, check);
    emitter.label(`${i}:${node.kernel}:${node.op}`);
    const made = lowering(node, emitter);
    const names = typeof made === 'string' ? [made] : made;
    node.outputs.forEach((output, k) => void emitter.bind(output, at(names, k)));
  });
  const outputs = outputPorts(graph.outputs, emitter);
  const { nodes, initializers } = emitter;
  return {
    model: { nodes, initializers, inputs, outputs },
    nodeNamed: (name) => graph.nodes[nodeNumber(name) ?? -1],
    reword(error) {
      const name = FAILED_NODE.exec(error.message)?.[1];
      const check = name === undefined ? undefined : checks.get(nodeNumber(name) ?? -1);
      return check === undefined ? error : indexError(check, error, namedIndex(check, error.message));
    },
  };
}

/** The index that ONNX Runtime names as wrong: `idx=9 must be`, `index = 9`. */
function namedIndex({ depth, into }: IndexCheck, message: string): number[] | undefined {
  const found = depth === 1 ? /(?:idx=|index = )(-?\d+)/.exec(message)?.[1] : undefined;
  if (found === undefined) return undefined;
  const index = Number(found);
  // The lowerings take the extent off negative ones, so that they are not wrapped.
  return [index < 0 ? index + at(into, 0) : index];
}

/** The node that ONNX Runtime names when a run fails. */
const FAILED_NODE = /Name:'([^']*)'/;

/** The position in its graph of the node that an operator came from, which the emitter wrote into its name. */
function nodeNumber(name: string): number | undefined {
  const number = /(?:^|\D)\d+:(\d+):[A-Z]/.exec(name)?.[1];
  return number === undefined ? undefined : Number(number);
}

/** Outputs keep the name of the tensor that they are; inputs, constants and repeated outputs are copied. */
function outputPorts(outputs: readonly Value[], emitter: OnnxEmitter): OnnxPort[] {
  const taken = new Set<string>();
  const made = new Set(emitter.nodes.flatMap((node) => node.outputs));
  emitter.label('output');
  return outputs.map((value) => {
    const name = emitter.name(value);
    const own = made.has(name) && !taken.has(name) ? name : emitter.op('Identity', [name]);
    taken.add(own);
    return { name: own, shape: value.shape, type: value.dtype };
  });
}
