import type { Graph, Value } from '../../graph/graph.js';
import { checkNodeIndices, type IndexCheck, indexCheck, indexError } from '../../kernels/index-errors.js';
import { at } from '../../kernels/spec.js';
import { unsupportedKernel } from '../../trace/unsupported.js';
import { createEmitter, type Dialect, type OnnxEmitter } from './emitter.js';
import type { OnnxModel, OnnxPort } from './model.js';
import { LOWERINGS } from './table.js';

/**
 * Writes a laid-out graph as an ONNX model.
 *
 * @param graph - kernels on NCHW and OIHW (see `layout`).
 * @param dialect - `'standard'` uses ONNX's own operators only.
 * @throws {Error} when a kernel has no lowering: names it, the op that asked for it, and the supported ones.
 */
export function lowerToOnnx(graph: Graph, dialect: Dialect): OnnxModel {
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
  const reword = (error: Error): Error => {
    const name = FAILED_NODE.exec(error.message)?.[1];
    const check = name === undefined ? undefined : checks.get(nodeNumber(name) ?? -1);
    return check === undefined ? error : indexError(check, error);
  };
  return { nodes: emitter.nodes, initializers: emitter.initializers, inputs, outputs, reword };
}

/** The node that ONNX Runtime names when a run fails. */
const FAILED_NODE = /Name:'([^']*)'/;

/**
 * The position in its graph of the node that an ONNX node came from, read from the name that it has been given, or that
 * ONNX Runtime has given it in turn.
 */
export function nodeNumber(name: string): number | undefined {
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
