import {
  at,
  type CompileOptions,
  checkNodeIndices,
  type Graph,
  INDEXED,
  indexCheck,
  indexError,
  type Node,
  type Precision,
  unsupportedKernel,
  type Value,
} from '@edm2/tfjs-jit/graph';
import type { Split, Splits } from '../engine/sharding.js';
import { createEmitter, type Emitter, type EmitterOptions, type ModuleEmitter, type Ref, typeOf } from './emitter.js';
import { type HalfValues, halfValues } from './half-values.js';
import { type FloatType, HLO_TYPE, type HloType } from './hlo-type.js';
import type { ModuleCheck, StableHloModule } from './model.js';
import { reduce } from './reduce.js';
import { LOWERINGS } from './table.js';

/** How a module is written. */
export interface WriteOptions extends Pick<CompileOptions, 'state' | 'donated' | 'precision'>, EmitterOptions {
  /** How inputs and outputs lie over several devices. */
  readonly splits?: Splits | undefined;
  /** Values that the module `once` makes. */
  readonly derived?: readonly Value[];
  readonly once?: StableHloModule | undefined;
}

/**
 * Writes a graph as a module in StableHLO's text.
 *
 * @param graph - kernels in TensorFlow.js's own layout.
 * @throws {Error} when a kernel has no lowering: names it, the op that asked for it, and the supported ones.
 */
export function writeStableHlo(
  graph: Graph,
  { state, donated, tf32, gradientsInRows, precision, splits, derived = [], once }: WriteOptions,
): StableHloModule {
  const emitter = createEmitter({ tf32, gradientsInRows });
  const inputs = graph.inputs.map(({ shape, dtype }, i): Ref => ({ name: `%in${i}`, shape, type: HLO_TYPE[dtype] }));
  graph.inputs.forEach((value, i) => void emitter.bind(value, at(inputs, i)));
  const made = derived.map(({ shape, dtype }, i): Ref => ({ name: `%derived${i}`, shape, type: HLO_TYPE[dtype] }));
  derived.forEach((value, i) => void emitter.bind(value, at(made, i)));
  for (const [value, data] of graph.constants)
    emitter.bindLazily(value, () => emitter.tensor(data, value.shape, value.dtype));
  const half = halfValues(graph);
  const checks: { check: ModuleCheck; refs: readonly Ref[] }[] = [];
  for (const node of graph.nodes) {
    checkNodeIndices(
      node,
      node.inputs.map((input) => graph.constants.get(input)),
    );
    lowerNode(node, emitter, half, HALF[precision]);
    if (INDEXED.has(node.kernel)) checks.push(...lowerCheck(node, graph, emitter));
  }
  const outputs = graph.outputs.map((value) => emitter.convert(emitter.ref(value), HLO_TYPE[value.dtype]));
  const results = [...outputs, ...checks.flatMap(({ refs }) => refs)];
  const aliased = new Map(state.map(({ input, output }) => [input, output]));
  const donation = (i: number): string[] => {
    const output = aliased.get(i);
    if (output !== undefined) return [`tf.aliasing_output = ${output} : i32`];
    return donated.has(i) ? ['jax.buffer_donor = true'] : [];
  };
  const typed = (ref: Ref, split: Split, more: readonly string[] = []): string => {
    const attributes = [...more, ...(splits ? [shardingOf(ref.shape, split)] : [])];
    return typeOf(ref) + (attributes.length > 0 ? ` {${attributes.join(', ')}}` : '');
  };
  const args = [
    ...inputs.map((ref, i) => `${ref.name}: ${typed(ref, splits?.inputs[i], donation(i))}`),
    ...[...emitter.captured.map(({ ref }) => ref), ...made].map((ref) => `${ref.name}: ${typed(ref, undefined)}`),
  ].join(', ');
  const given = results.map((ref, i) => typed(ref, splits?.outputs[i])).join(', ');
  const types = results.map(typeOf).join(', ');
  const names = results.map(({ name }) => name).join(', ');
  const text = `module @jit {${splits ? `\nsdy.mesh @mesh = <["devices"=${splits.devices}]>` : ''}
func.func @main(${args}) -> (${given}) {
${emitter.lines.join('\n')}
return ${names} : ${types}
}
}
`;
  return {
    text,
    inputs: graph.inputs.map(({ shape, dtype }) => ({ shape, dtype })),
    captured: emitter.captured.map(({ shape, dtype, data }) => ({ shape, dtype, data })),
    outputs: graph.outputs.map(({ shape, dtype }) => ({ shape, dtype })),
    checks: checks.map(({ check }) => check),
    splits,
    once,
    donated: new Set([...donated, ...aliased.keys()]),
  };
}

/** Shardy's annotation: which axis lies over the mesh. */
const shardingOf = (shape: readonly number[], split: Split): string =>
  `sdy.sharding = #sdy.sharding<@mesh, [${shape.map((_, axis) => (axis === split ? '{"devices"}' : '{}')).join(', ')}]>`;

function lowerNode(node: Node, emitter: ModuleEmitter, half: HalfValues, halfType: FloatType): void {
  const lowering = LOWERINGS[node.kernel];
  if (lowering === undefined) throw unsupportedKernel(node.kernel, node.op);
  const kept = (value: Value): HloType => (half.has(value) ? halfType : HLO_TYPE[value.dtype]);
  const made = lowering(node, computing(half.computes(node) ? halfType : 'f32', kept, emitter));
  const refs = 'name' in made ? [made] : made;
  node.outputs.forEach((output, i) => {
    emitter.bind(output, emitter.convert(at(refs, i), kept(output)));
  });
}

const HALF: Readonly<Record<Precision, FloatType>> = { float32: 'f32', bfloat16: 'bf16', float16: 'f16' };

/** An emitter for a kernel that computes float32 in a type: operands of another one are converted, each once however many calls take it. */
const computing = (float: FloatType, kept: Emitter['kept'], emitter: Emitter): Emitter => {
  const type: Emitter['type'] = (dtype) => (dtype === 'float32' ? float : HLO_TYPE[dtype]);
  return {
    ...emitter,
    float,
    type,
    kept,
    ref(value) {
      const ref = emitter.ref(value);
      const to = type(value.dtype);
      return ref.type === to ? ref : emitter.once(`${to}:${ref.name}`, () => emitter.convert(ref, to));
    },
  };
};

/** Whether all indices of a call lie inside, for indices that are not known before. */
function lowerCheck(node: Node, graph: Graph, e: Emitter): { check: ModuleCheck; refs: readonly Ref[] }[] {
  const check = indexCheck(node);
  const indices = check && at(node.inputs, check.input);
  if (check === undefined || indices === undefined || graph.constants.has(indices)) return [];
  const given = e.convert(e.ref(indices), 'i32');
  const { shape } = given;
  const extents =
    check.depth === 1
      ? e.like(given, at(check.into, 0))
      : e.broadcast(e.tensor(Int32Array.from(check.into), [check.depth], 'int32'), shape);
  const inside = e.op('and', [e.compare('GE', given, e.like(given, 0)), e.compare('LT', given, extents)]);
  const axes = shape.map((_, axis) => axis);
  const error = (index: readonly number[]): Error => indexError(check, new Error('An index lies outside.'), index);
  return [{ check: { shape, into: check.into, error }, refs: [reduce('and', inside, axes, e), given] }];
}
