import '@tensorflow/tfjs';
import { type Engine, jit } from '@edm2/tfjs-jit';
import { type Graph, newValue } from '@edm2/tfjs-jit/graph';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it, test } from 'vitest';
import type { XlaBackend } from '../backend/backend.js';
import { CPU_PLUGIN, IF_INSTALLED } from '../installed.test-support.js';
import { lowerToStableHlo } from '../lower-to-stablehlo.js';
import { startXla } from '../start.js';
import { takeConstantPart } from './constant-part.js';

beforeAll(() => tf.setBackend('cpu'));

const weight = (): tf.Tensor2D => tf.randomNormal([96, 64], 0, 1, 'float32', 1);
/** A product with a weight that is normalised on use, as EDM2's are. */
const normalised = (w: tf.Tensor2D) => (x: tf.Tensor2D) =>
  tf.matMul(x, tf.div(w, tf.sqrt(tf.mean(tf.square(w), 0, true))) as tf.Tensor2D);

/** The modules of a function, without running it. */
function modulesOf(fn: (x: tf.Tensor2D) => tf.Tensor): ReturnType<typeof lowerToStableHlo> {
  let made: ReturnType<typeof lowerToStableHlo> | undefined;
  const engine: Engine = {
    name: 'recorder',
    backend: 'cpu',
    compile(graph, options) {
      made = lowerToStableHlo(graph, options);
      throw new Error('recorded');
    },
  };
  expect(() => jit(fn, { engine })(tf.zeros([2, 96]))).toThrow('recorded');
  return made as ReturnType<typeof lowerToStableHlo>;
}

test('the norm of a constant weight is none of a call’s work', () => {
  const w = weight();
  const { text, once } = modulesOf(normalised(w));
  expect(text.match(/stablehlo\.\w+/g)).toEqual(expect.arrayContaining(['stablehlo.dot_general']));
  for (const op of ['reduce', 'sqrt', 'divide', 'multiply']) expect(text).not.toContain(`stablehlo.${op}"`);
  expect(once?.text).toContain('stablehlo.reduce');
  expect(once?.captured).toHaveLength(1);
  // An argument of the call is the weight as it is used.
  expect(text).toContain('%derived0: tensor<96x64xf32>');
});

test('what depends on arguments, or only grows, stays in the call', () => {
  const w = weight();
  expect(modulesOf((x) => tf.matMul(x, w)).once).toBeUndefined();
  const grown = modulesOf((x) => tf.add(tf.tile(w, [8, 1]), tf.sum(x)));
  expect(grown.once).toBeUndefined();
});

test('a barrier is not taken out, and an empty graph has no parts', () => {
  const [a, b] = [newValue([8192], 'float32'), newValue([8192], 'float32')];
  const data = Float32Array.from({ length: 8192 }, (_, i) => i);
  const node = { kernel: 'Barrier', inputs: [a], outputs: [b], attrs: {}, op: 'barrier' };
  const graph: Graph = { inputs: [], constants: new Map([[a, data]]), nodes: [node], outputs: [b] };
  expect(takeConstantPart(graph)).toEqual({ once: undefined, main: graph, derived: [] });
});

describe(`constant parts, ${IF_INSTALLED}`, () => {
  it.skipIf(CPU_PLUGIN === undefined)('give the same on the CPU, call after call, and keep nothing', async () => {
    const engine = await startXla({ plugin: 'cpu' });
    const w = weight();
    const x = tf.randomNormal<tf.Rank.R2>([2, 96], 0, 1, 'float32', 2);
    const expected = normalised(w)(x).dataSync();
    const { client } = tf.engine().findBackend('xla') as XlaBackend;
    const { buffers } = client;
    const compiled = jit(normalised(w), { engine });
    for (let i = 0; i < 2; i++) {
      const y = compiled(x);
      const far = Math.max(...y.dataSync().map((value, at) => Math.abs(value - (expected[at] ?? Number.NaN))));
      expect(far).toBeLessThan(1e-4);
      y.dispose();
    }
    compiled.dispose();
    x.dispose();
    expect(client.buffers).toBe(buffers);
  });
});
