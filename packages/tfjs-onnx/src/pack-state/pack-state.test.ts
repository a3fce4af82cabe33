import '@tensorflow/tfjs';
import { jit } from '@edm2/tfjs-jit';
import { type Engine, evaluateGraph, type Graph, type StateLeaf, sizeOf } from '@edm2/tfjs-jit/graph';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
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

const leaves = (tree: State | Params | tf.Tensor): tf.Tensor[] =>
  tree instanceof tf.Tensor ? [tree] : Object.values(tree).flatMap(leaves as never);

/** The step as engines get it: scalars that several parameters share are one value. */
function prepared(): { graph: Graph; data: Float32Array[]; state: readonly StateLeaf[] } {
  const state: State = { params: draw(1), moments: { first: draw(20) }, averages: [draw(40), draw(60)] };
  const args: [State, tf.Tensor, tf.Tensor] = [state, tf.tensor1d([1, 2, 3]), tf.scalar(0.25)];
  const data = [...leaves(state), args[1], args[2]].map((tensor) => Float32Array.from(tensor.dataSync()));
  return { ...handedOver(step, args), data };
}

/** What an engine is handed of a function whose first argument is donated. */
function handedOver<Args extends readonly unknown[]>(
  fn: (...args: Args) => unknown,
  args: Args,
): { graph: Graph; state: readonly StateLeaf[] } {
  const given: { graph: Graph; state: readonly StateLeaf[] }[] = [];
  const engine: Engine = {
    name: 'recorder',
    backend: 'cpu',
    compile(graph, { state }) {
      given.push({ graph, state });
      return { run: () => graph.outputs.map(({ shape }) => tf.zeros([...shape])), dispose: () => undefined };
    },
  };
  jit(fn, { engine, donate: [0] })(...args);
  const [first] = given;
  if (first === undefined) throw new Error('expected a graph, got none');
  return first;
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
    const { graph, state } = handedOver(fn, [params] as const);
    expect(state).toHaveLength(3);
    const packed = packState(graph, state);
    expect(packed.outputBundles).toEqual([]);
    expect(packed.graph.inputs).toEqual(graph.inputs);
  });
});
