import {
  at,
  COMPUTE,
  checkNodeIndices,
  type Graph,
  INDEXED,
  indexCheck,
  indexError,
  type Node,
  sizeOf,
  unsupportedKernel,
} from '@edm2/tfjs-jit/graph';
import { type Update, variablesOf } from '../passes/updates/updates.js';
import { createEmitter, type GraphEmitter, type Ref } from './emitter.js';
import { encodeGraphDef, type GraphNode } from './graph-def.js';
import type { TensorflowCheck, TensorflowInput, TensorflowModel, TensorflowOutput } from './model.js';
import { LOWERINGS } from './table.js';
import { lowerUpdates, nodesAfter, oldState, readVariable } from './updates.js';

/**
 * Writes a graph as the body of a TensorFlow function.
 *
 * @param graph - kernels in TensorFlow.js's own layout.
 * @param updates - how state is updated in place; its inputs become variables.
 * @throws {Error} when a kernel has no lowering: names it, the op that asked for it, and the supported ones.
 */
export function writeTensorflow(graph: Graph, updates: readonly Update[] = []): TensorflowModel {
  const { nodes, ...model } = writeNodes(graph, updates);
  return { graphDef: encodeGraphDef(nodes), ...model };
}

/** What the model is made of, with its nodes not encoded yet. */
export function writeNodes(
  graph: Graph,
  updates: readonly Update[],
): Omit<TensorflowModel, 'graphDef'> & { readonly nodes: readonly GraphNode[] } {
  const emitter = createEmitter();
  const variables = new Map(updates.flatMap(variablesOf).map(({ input, output }) => [output, input]));
  const inputs = lowerInputs(graph, new Set(variables.values()), emitter);
  for (const [value, data] of graph.constants)
    emitter.bindLazily(value, () => emitter.tensor(data, value.shape, value.dtype));
  /** Calls that check indices, by the nodes that do it. */
  const calls = new Map<string, Node>();
  const lower = (node: Node): void => {
    checkNodeIndices(
      node,
      node.inputs.map((input) => graph.constants.get(input)),
    );
    const first = emitter.nodes.length;
    lowerNode(node, emitter);
    if (INDEXED.has(node.kernel)) for (const { name } of emitter.nodes.slice(first)) calls.set(name, node);
  };
  const after = nodesAfter(graph, updates);
  for (const node of graph.nodes) if (!after.has(node)) lower(node);
  // Read now: after the barrier the variables change.
  for (const value of oldState(graph, updates)) emitter.ref(value);
  const barrier = lowerBarrier(updates, emitter);
  const done = lowerUpdates({ graph, updates, emitter, lower, barrier });
  const outputs = graph.outputs.map((value, i): TensorflowOutput => {
    const { shape, dtype } = value;
    const input = variables.get(i);
    if (input !== undefined) return { kind: 'variable', input, shape, dtype };
    const source = emitter.ref(value);
    // An output of its own node: TensorFlow returns neither a placeholder nor one tensor twice.
    const { name } = emitter.named(`out${i}`, 'Identity', [source], { T: { type: source.dtype } }, source.dtype);
    return { kind: 'tensor', node: name, shape, dtype };
  });
  const indexChecks = [...new Set(calls.values())].flatMap((node) => lowerCheck(node, graph, emitter) ?? []);
  const { nodes, captured } = emitter;
  return { nodes, inputs, outputs, captured, done, indexChecks, reword: (error) => reword(error, calls) };
}

/** Nodes that TensorFlow names when a call fails. */
const FAILED_NODES = /\{\{node ([^}]*)\}\}/g;

function reword(error: Error, calls: ReadonlyMap<string, Node>): Error {
  const names = [...error.message.matchAll(FAILED_NODES)].map(([, name = '']) => name);
  const failed = names.map((name) => calls.get(name)).find((node) => node !== undefined);
  const check = failed && indexCheck(failed);
  return check === undefined ? error : indexError(check, error, namedIndex(error.message));
}

/** The index that TensorFlow names as wrong: `indices[3] = 9 is not in [0, 9)`, `indices[0] = [9, 1] does not index into`. */
function namedIndex(message: string): number[] | undefined {
  const found = /indices(?:\[[^\]]*\])? = \[?(-?\d+(?:, -?\d+)*)/.exec(message)?.[1];
  return found?.split(', ').map(Number);
}

/** A check that all indices of a call lie inside; nothing needs its node, so that it runs only where it is asked for. */
function lowerCheck(node: Node, graph: Graph, e: GraphEmitter): TensorflowCheck | undefined {
  const check = indexCheck(node);
  const indices = check && at(node.inputs, check.input);
  if (check === undefined || indices === undefined || graph.constants.has(indices)) return undefined;
  const { shape } = indices;
  const given =
    check.depth === 1 ? e.ref(indices) : e.reshape(e.ref(indices), [sizeOf(shape) / check.depth, check.depth]);
  const extents = e.ints(check.into);
  const low = e.op('GreaterEqual', [given, e.scalar(0, 'int32')], {}, 'bool');
  const high = e.op('Less', [given, extents], {}, 'bool');
  const [inside] = e.node('LogicalAnd', [low, high], {}, ['bool']);
  const rank = check.depth === 1 ? Math.max(1, shape.length) : 2;
  const axes = e.ints(Array.from({ length: rank }, (_, axis) => axis));
  const attrs = { keep_dims: { bool: false }, Tidx: { type: 'int32' } } as const;
  const [all] = e.node('All', [inside as Ref, axes], attrs, ['bool']);
  return { node: (all as Ref).name, error: () => indexError(check, new Error('An index lies outside.')) };
}

function lowerInputs(graph: Graph, variables: ReadonlySet<number>, emitter: GraphEmitter): TensorflowInput[] {
  return graph.inputs.map((value, i) => {
    const { shape, dtype } = value;
    const variable = variables.has(i);
    const attrs = variable
      ? ({ dtype: { type: 'resource' }, shape: { shape: [] } } as const)
      : { dtype: { type: dtype }, shape: { shape } };
    const placeholder = emitter.named(`in${i}`, 'Placeholder', [], attrs, variable ? 'resource' : dtype);
    if (variable) emitter.bindLazily(value, () => readVariable(i, shape, [], emitter));
    else emitter.bind(value, placeholder);
    return { node: `in${i}`, shape, dtype, variable };
  });
}

function lowerNode(node: Node, emitter: GraphEmitter): void {
  const lowering = LOWERINGS[node.kernel];
  if (lowering === undefined) throw unsupportedKernel(node.kernel, node.op);
  // What a profile shows: the op that asked, and the size of what it made.
  emitter.label(`${node.op}.${at(node.outputs, 0).shape.join('x')}`);
  const made = lowering(node, isHalf(node.attrs[COMPUTE]) ? computing(node.attrs[COMPUTE], emitter) : emitter);
  const refs = 'name' in made ? [made] : made;
  node.outputs.forEach((output, i) => {
    const ref = at(refs, i);
    emitter.bind(output, isHalf(ref.dtype) ? emitter.cast(ref, 'float32') : ref);
  });
  emitter.label('');
}

type Half = 'bfloat16' | 'float16';
const isHalf = (type: unknown): type is Half => type === 'bfloat16' || type === 'float16';

/** An emitter whose float32 operands are rounded to 16 bit, each once however many calls take it. */
const computing = (type: Half, emitter: GraphEmitter): GraphEmitter => ({
  ...emitter,
  ref(value) {
    const ref = emitter.ref(value);
    return ref.dtype === 'float32' ? emitter.once(`${type}:${ref.name}`, () => emitter.cast(ref, type)) : ref;
  },
});

/** A node that runs when everything before the updates has run: gradients are there, and nobody holds old state. */
function lowerBarrier(updates: readonly Update[], emitter: GraphEmitter): string {
  if (updates.every((update) => update.kind === 'keep')) return '';
  return at(emitter.node('NoOp', [], {}, ['bool'], emitter.ends()), 0).name;
}
