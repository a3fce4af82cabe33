import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { evaluateGraph } from '../../graph/evaluate.js';
import { type Graph, sizeOf } from '../../graph/graph.js';
import { pairState } from '../../state-pairs.js';
import { abstractOf, trace } from '../../trace/trace.js';
import { flatten } from '../../tree.js';
import { mergeCommonSubexpressions } from '../common-subexpressions.js';
import { type Bundle, packState } from './pack-state.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

type Params = Record<string, tf.Tensor>;
interface State {
  params: Params;
  moments: { first: Params };
  averages: Params[];
}

const map = (params: Params, fn: (t: tf.Tensor, name: string) => tf.Tensor): Params =>
  Object.fromEntries(Object.entries(params).map(([name, tensor]) => [name, fn(tensor, name)]));
const of = (params: Params, name: string): tf.Tensor => params[name] as tf.Tensor;

/** Momentum and two averages; the gradient of each parameter is computed on its own. */
function step(state: State, x: tf.Tensor, rate: tf.Tensor): { state: State } {
  const used = map(state.params, (w) => (w.rank === 2 ? tf.div(w, tf.sum(tf.square(w), 0, true)) : w));
  const gradients = map(used, (w) => tf.mul(tf.sum(tf.mul(tf.sum(w), x)), tf.cos(tf.cumsum(tf.reshape(w, [-1])))));
  const finite = map(gradients, (g, name) => {
    const shaped = tf.reshape(g, of(used, name).shape);
    return tf.where(tf.isFinite(shaped), shaped, tf.zerosLike(shaped));
  });
  const first = map(finite, (g, name) => tf.add(tf.mul(of(state.moments.first, name), 0.9), g));
  const params = map(used, (w, name) => tf.sub(w, tf.mul(of(first, name), tf.mul(rate, 0.5))));
  const averages = state.averages.map((track, i) =>
    map(track, (a, name) => tf.add(a, tf.mul(tf.sub(of(params, name), a), 0.1 * (i + 1)))),
  );
  return { state: { params, moments: { first }, averages } };
}

const SHAPES: Record<string, number[]> = { 'a.w': [3, 4], b: [], 'c.w': [5, 2], d: [], e: [7] };
const draw = (offset: number): Params =>
  Object.fromEntries(
    Object.entries(SHAPES).map(([name, shape], k) => [
      name,
      tf.tensor(
        Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(offset + 3 * k + i)),
        shape,
      ),
    ]),
  );

function prepared(): { graph: Graph; data: Float32Array[]; state: Parameters<typeof packState>[1] } {
  const state: State = { params: draw(1), moments: { first: draw(20) }, averages: [draw(40), draw(60)] };
  const flat = flatten([state, tf.tensor1d([1, 2, 3]), tf.scalar(0.25)], 'the arguments');
  const traced = trace(step as never, flat.structure, flat.tensors.map(abstractOf));
  const pairs = [...pairState(flat.paths, traced.paths)];
  return {
    // As the compiler does before: scalars that several parameters share are one value.
    graph: mergeCommonSubexpressions(traced.graph),
    data: flat.tensors.map((tensor) => Float32Array.from(tensor.dataSync())),
    state: pairs.map(([output, input]) => ({
      input,
      output,
      ...(traced.places[output] ?? { container: '', key: '' }),
    })),
  };
}

/** Puts data into a bundled graph and takes it out again, as an engine does. */
function runPacked(original: Graph, chunk: number | undefined): Float32Array[] {
  const { data, state } = prepared();
  const { graph, inputBundles, outputBundles } = packState(original, state, chunk);
  const byValue = new Map(original.inputs.map((value, i) => [value, data[i] as Float32Array]));
  const joined = (bundle: Bundle): Float32Array =>
    Float32Array.from(bundle.members.flatMap((i) => [...(data[i] ?? [])]));
  for (const bundle of inputBundles) {
    for (const { value, offset } of bundle.chunks)
      byValue.set(value, joined(bundle).slice(offset, offset + sizeOf(value.shape)));
  }
  const made = evaluateGraph(
    graph,
    graph.inputs.map((value) => byValue.get(value) as Float32Array),
  );
  const outputs = new Map(graph.outputs.map((value, i) => [value, made[i] as Float32Array]));
  const results = original.outputs.map((value) => outputs.get(value) as Float32Array);
  for (const { members, chunks } of outputBundles) {
    const all = chunks.flatMap(({ value }) => [...(outputs.get(value) ?? [])]);
    for (const i of members) results[i] = Float32Array.from(all.splice(0, sizeOf(original.outputs[i]?.shape ?? [])));
  }
  return results;
}

describe('packState', () => {
  it.each([
    ['all in one segment', undefined],
    ['several segments, the largest cut up', 8],
  ])('leaves what a step computes bit-equal: %s', (_, chunk) => {
    const { graph, data } = prepared();
    expect(runPacked(graph, chunk)).toEqual(evaluateGraph(graph, data));
  });

  it('updates every parameter with one set of kernels', () => {
    const { graph, state } = prepared();
    const packed = packState(graph, state);
    const count = (g: Graph, kernel: string): number => g.nodes.filter((node) => node.kernel === kernel).length;
    expect([count(graph, 'Select'), count(packed.graph, 'Select')]).toEqual([5, 1]);
    // Five names in four records: params, first moment, two averages.
    expect(packed.outputBundles.map((bundle) => bundle.members.length)).toEqual([5, 5, 5, 5]);
    expect(packed.inputBundles).toHaveLength(3);
    expect(packed.graph.outputs).toHaveLength(4);
    // The parameters are read one by one; moments and averages in bundles only.
    expect(packed.graph.inputs).toHaveLength(5 + 2 + 3);
  });

  it('leaves state alone that is updated in different ways', () => {
    const fn = (s: Params): Params => ({
      a: tf.add(of(s, 'a'), 1),
      b: tf.mul(of(s, 'b'), 2),
      c: tf.sum(of(s, 'c'), 0, true),
    });
    const params = { a: tf.zeros([4]), b: tf.zeros([4]), c: tf.zeros([1]) };
    const flat = flatten([params], 'the arguments');
    const traced = trace(fn as never, flat.structure, flat.tensors.map(abstractOf));
    const state = [0, 1, 2].map((i) => ({ input: i, output: i, ...(traced.places[i] ?? { container: '', key: '' }) }));
    const packed = packState(traced.graph, state);
    expect(packed.outputBundles).toEqual([]);
    expect(packed.graph.inputs).toEqual(traced.graph.inputs);
  });
});
