import '@tensorflow/tfjs';
import { precondition } from '@edm2/edm2-unet';
import { draw } from '@edm2/test-support';
import { toOnnx } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs-core';
import { onnx } from 'onnx-proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkOnnx } from './check-onnx.js';
import { findChromium } from './chromium.js';
import { mainNetwork } from './main-network.js';
import {
  type BrowserRuntime,
  type Plain,
  type PlainTensors,
  type RunModel,
  runInNode,
  startBrowser,
} from './runtimes.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const TOLERANCE = 1e-5;
type Fn = (...xs: never[]) => tf.Tensor | readonly tf.Tensor[];

interface Case {
  readonly name: string;
  readonly fn: Fn;
  readonly inputs: () => tf.Tensor[];
}

const four = (x: tf.Tensor): tf.Tensor4D => x as tf.Tensor4D;
const filter = draw(9, [3, 3, 4, 6]);
const kernel = draw(8, [6, 6]);

const CASES: readonly Case[] = [
  {
    name: 'a convolution, strided and dilated ones, pools',
    fn: (x: tf.Tensor) => {
      const y = tf.conv2d(four(x), four(filter), 1, 'same');
      return [
        tf.relu(y),
        tf.conv2d(four(x), four(filter), 2, 'valid'),
        tf.conv2d(four(x), four(filter), 1, 'same', 'NHWC', [2, 2]),
        tf.avgPool(y, 2, 2, 'valid'),
        tf.maxPool(y, 3, 1, 'same'),
      ];
    },
    inputs: () => [draw(1, [2, 8, 8, 4])],
  },
  {
    name: 'attention',
    fn: (x: tf.Tensor) => {
      const [q, k, v] = tf.split(tf.reshape(x, [2, 12, 3, 6]), 3, 2).map((part) => tf.reshape(part, [2, 12, 6]));
      const weights = tf.softmax(tf.matMul(q as tf.Tensor, k as tf.Tensor, false, true));
      return tf.matMul(tf.matMul(weights, v as tf.Tensor), tf.tile(tf.expandDims(kernel, 0), [2, 1, 1]));
    },
    inputs: () => [draw(2, [2, 12, 18])],
  },
  {
    name: 'element by element, reductions and shapes',
    fn: (x: tf.Tensor, index: tf.Tensor) => [
      tf.add(tf.mul(tf.sigmoid(x), x), tf.cos(x)),
      tf.sqrt(tf.mean(tf.square(x), [1], true)),
      tf.where(tf.greater(x, 0), x, tf.zerosLike(x)),
      tf.concat([x, tf.reverse(x, 1)], 1),
      tf.pad(x as tf.Tensor2D, [
        [1, 0],
        [0, 2],
      ]),
      tf.transpose(x),
      tf.gather(x, tf.cast(index, 'int32')),
      tf.oneHot(tf.cast(index, 'int32'), 4),
      tf.argMax(x, 1),
      tf.isFinite(x),
    ],
    inputs: () => [draw(3, [4, 5]), draw(4, [3], { below: 4 })],
  },
  {
    name: 'a training step: values and gradients',
    fn: (w: tf.Tensor, x: tf.Tensor) => {
      const { value, grads } = tf.valueAndGrads((inner: tf.Tensor) => {
        const y = tf.conv2d(four(x), four(inner), 1, 'same');
        return tf.mean(tf.square(tf.tanh(y)));
      })([w]);
      return [value, tf.sub(w, tf.mul(grads[0] as tf.Tensor, 0.1))];
    },
    inputs: () => [draw(5, [3, 3, 2, 3]), draw(6, [2, 6, 6, 2])],
  },
];

/** D(x; σ) of the main job's network, weights constant. */
function samplerStep(): { fn: Fn; inputs: () => tf.Tensor[] } {
  const { unet, params } = mainNetwork();
  return {
    fn: precondition(unet)(params) as Fn,
    inputs: () => [
      draw(1, [2, 16, 16, 1]),
      tf.tensor1d([0.3, 5]),
      tf.oneHot(tf.tensor1d([3, 7], 'int32'), 10, 1, 0, 'float32'),
    ],
  };
}

const plain = (x: tf.Tensor): Plain => ({
  type: x.dtype as Plain['type'],
  dims: x.shape,
  data: Array.from(x.dataSync()),
});

/** A function as a model, with arguments and what TensorFlow.js computes. */
function prepare({ fn, inputs }: Pick<Case, 'fn' | 'inputs'>) {
  const tensors = inputs();
  const model = toOnnx(fn as (...xs: tf.Tensor[]) => unknown, tensors, {
    inputNames: tensors.map((_, i) => `x${i}`),
    ...namesOf(fn, tensors),
  });
  const feeds: PlainTensors = Object.fromEntries(tensors.map((x, i) => [`x${i}`, plain(x)]));
  const made = (fn as (...xs: tf.Tensor[]) => tf.Tensor | tf.Tensor[])(...tensors);
  const expected = (Array.isArray(made) ? made : [made]).map(plain);
  return { model, feeds, expected };
}

function namesOf(fn: Fn, tensors: readonly tf.Tensor[]): { outputNames: string[] } {
  const made = tf.tidy(() => (fn as (...xs: tf.Tensor[]) => tf.Tensor | tf.Tensor[])(...tensors));
  return { outputNames: (Array.isArray(made) ? made : [made]).map((_, i) => `y${i}`) };
}

async function check(run: RunModel, what: Pick<Case, 'fn' | 'inputs'>): Promise<void> {
  const { model, feeds, expected } = prepare(what);
  const outputs = await run(model, feeds);
  expected.forEach(({ type, dims, data }, i) => {
    const got = outputs[`y${i}`];
    expect([got?.type, got?.dims]).toEqual([type, dims]);
    const scale = Math.max(1e-3, ...data.map((value) => Math.abs(value)));
    const worst = Math.max(...data.map((value, k) => Math.abs(Number(got?.data[k]) - value) / scale));
    expect(worst).toBeLessThan(TOLERANCE);
  });
}

describe('toOnnx, read by the reference decoder', () => {
  it.each(CASES)('$name', (what) => void expect(checkOnnx(prepare(what).model)).toEqual([]));
  it('a sampler step of the main job’s network', () =>
    void expect(checkOnnx(prepare(samplerStep()).model)).toEqual([]));

  it('a broken model is noticed', () => {
    const { model } = prepare(CASES[1] as Case);
    const decoded = onnx.ModelProto.decode(model);
    decoded.graph?.node?.reverse();
    const [first] = decoded.graph?.initializer ?? [];
    if (first) first.rawData = new Uint8Array(3);
    const problems = checkOnnx(onnx.ModelProto.encode(decoded).finish());
    expect(problems.join()).toMatch(/of 3 bytes, not \d+.* before it is made/);
  });
});

describe('toOnnx in onnxruntime-node', () => {
  it.each(CASES)('$name', (what) => check(runInNode, what));
  it('a sampler step of the main job’s network', () => check(runInNode, samplerStep()));
});

const found = await findChromium();
const browserName = 'path' in found ? 'Chromium' : `Chromium (skipped: ${found.absent})`;

describe.skipIf('absent' in found)(`toOnnx in onnxruntime-web in ${browserName}`, () => {
  let browser: BrowserRuntime;
  beforeAll(async () => {
    browser = await startBrowser('path' in found ? found.path : '');
  });
  afterAll(() => browser?.close());

  it.each(CASES)('$name', (what) => check(browser.run, what));
  it('a sampler step of the main job’s network', () => check(browser.run, samplerStep()));

  it('is the release that Node runs, in a real browser', async () => {
    expect(browser.version).toMatch(/^Chromium \d+/);
    const versions = await browser.page.evaluate<{ web: string; agent: string }>(
      '({ web: ort.env.versions.web, agent: navigator.userAgent })',
    );
    const { env } = await import('onnxruntime-node');
    expect(versions.web).toBe(env.versions.node);
    expect(versions.agent).toContain('Chrome/');
  });
});
