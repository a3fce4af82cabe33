import type { EngineReport } from '@edm2/engine';
import { createRandom } from '@edm2/random';
import { jit } from '@edm2/tfjs-jit';
import { adam } from '@edm2/training';
import * as tf from '@tensorflow/tfjs-core';
import type { LabelledImages } from './arrays.js';

/** Width of the layer before the classes: what the Fréchet distance is taken over. */
export const FEATURES = 64;
const CLASSES = 10;
const BATCH = 128;
const PEAK_LEARNING_RATE = 2e-3;

type Params = Record<string, tf.Tensor>;

const SHAPES: Readonly<Record<string, number[]>> = {
  conv1: [3, 3, 1, 16],
  conv2: [3, 3, 16, 32],
  conv3: [3, 3, 32, 64],
  dense: [4 * 4 * 64, FEATURES],
  bias: [FEATURES],
  head: [FEATURES, CLASSES],
};

/** A trained judge of digits: features and predicted classes of images `[N, 16, 16, 1]`. */
export interface Classifier {
  /** @returns features `[N, FEATURES]` and predicted classes `[N]`. */
  judge(images: Uint8Array, count: number): { features: Float32Array; classes: Uint8Array };
  dispose(): void;
}

/**
 * A small convolutional classifier, trained on real digits through the same `jit` as the generator. It exists to score the
 * generator; it is not Inception, and distances on its features are not FID.
 */
export async function trainClassifier(
  real: LabelledImages,
  { steps, seed, engine, onStep, signal }: ClassifierOptions,
): Promise<Classifier> {
  const random = createRandom(seed);
  const options = engine.engine ? { engine: engine.engine } : {};
  const optimizer = adam({ beta2: 0.999 });
  const step = jit(
    (params: Params, moments: ReturnType<typeof optimizer.init>, x: tf.Tensor, y: tf.Tensor, rate: tf.Tensor) => {
      const names = Object.keys(params);
      const loss = (...values: tf.Tensor[]): tf.Scalar =>
        crossEntropy(forward(Object.fromEntries(names.map((name, i) => [name, values[i] as tf.Tensor])), x).logits, y);
      const gradients = tf.grads(loss)(names.map((name) => params[name] as tf.Tensor));
      const named = Object.fromEntries(names.map((name, i) => [name, gradients[i] as tf.Tensor]));
      return optimizer.update(params, named, moments, rate);
    },
    { ...options, donate: [0, 1] },
  );
  let params: Params = Object.fromEntries(
    Object.entries(SHAPES).map(([name, shape]) => {
      const fanIn = shape.slice(0, -1).reduce((a, b) => a * b, 1);
      const scale = shape.length === 1 ? 0 : Math.sqrt(2 / fanIn);
      const count = shape.reduce((a, b) => a * b, 1);
      return [
        name,
        tf.tensor(
          random
            .stream('classifier', name)
            .normal(count)
            .map((z) => z * scale),
          shape,
        ),
      ];
    }),
  );
  let moments = optimizer.init(params);
  const total = real.shape[0];
  const size = real.data.length / total;
  let order = new Int32Array(0);
  for (let s = 0; s < steps; s++) {
    const at = (s * BATCH) % (total - BATCH);
    if (at < BATCH || order.length === 0) order = random.stream('classifier', 'order', s).permutation(total);
    const pixels = new Float32Array(BATCH * size);
    const labels = new Float32Array(BATCH * CLASSES);
    for (let i = 0; i < BATCH; i++) {
      const index = order[at + i] ?? 0;
      for (let j = 0; j < size; j++) pixels[i * size + j] = (real.data[index * size + j] ?? 0) / 255;
      labels[i * CLASSES + (real.classes[index] ?? 0)] = 1;
    }
    const inputs = [
      tf.tensor4d(pixels, [BATCH, ...real.shape.slice(1)] as [number, number, number, number]),
      tf.tensor2d(labels, [BATCH, CLASSES]),
      tf.scalar(PEAK_LEARNING_RATE * (1 - s / steps)),
    ] as const;
    ({ params, moments } = step(params, moments, ...inputs));
    tf.dispose([...inputs]);
    onStep?.(s + 1);
    if (s % 8 === 0) await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
  }
  step.dispose();
  tf.dispose(moments as unknown as tf.TensorContainer);

  const infer = jit((x: tf.Tensor) => forward(params, x), options);
  return {
    judge(images, count) {
      const features = new Float32Array(count * FEATURES);
      const classes = new Uint8Array(count);
      for (let at = 0; at < count; at += BATCH) {
        const n = Math.min(BATCH, count - at);
        // The last batch is filled up, so that one compiled shape serves all.
        const pixels = new Float32Array(BATCH * size);
        for (let j = 0; j < n * size; j++) pixels[j] = (images[at * size + j] ?? 0) / 255;
        const x = tf.tensor4d(pixels, [BATCH, ...real.shape.slice(1)] as [number, number, number, number]);
        const out = infer(x);
        features.set((out.features.dataSync() as Float32Array).subarray(0, n * FEATURES), at * FEATURES);
        const logits = out.logits.dataSync() as Float32Array;
        for (let i = 0; i < n; i++) classes[at + i] = argMax(logits.subarray(i * CLASSES, (i + 1) * CLASSES));
        tf.dispose([x, out.features, out.logits]);
      }
      return { features, classes };
    },
    dispose() {
      infer.dispose();
      tf.dispose(params);
    },
  };
}

/** Options of {@link trainClassifier}. */
export interface ClassifierOptions {
  readonly steps: number;
  readonly seed: number;
  readonly engine: EngineReport;
  readonly onStep?: (done: number) => void;
  readonly signal: AbortSignal;
}

/** 16×16 → conv, conv, pool → 8×8 → conv, pool → 4×4 → features → logits. */
function forward(params: Params, x: tf.Tensor): { features: tf.Tensor; logits: tf.Tensor } {
  const get = <T extends tf.Tensor>(name: string): T => params[name] as T;
  const conv = (h: tf.Tensor4D, name: string) => tf.relu(tf.conv2d(h, get<tf.Tensor4D>(name), 1, 'same'));
  let h = conv(conv(x as tf.Tensor4D, 'conv1'), 'conv2');
  h = conv(tf.avgPool(h, 2, 2, 'valid'), 'conv3');
  h = tf.avgPool(h, 2, 2, 'valid');
  const flat = tf.reshape(h, [h.shape[0], 4 * 4 * 64]) as tf.Tensor2D;
  const features = tf.relu(tf.add(tf.matMul(flat, get<tf.Tensor2D>('dense')), get('bias')));
  return { features, logits: tf.matMul(features as tf.Tensor2D, get<tf.Tensor2D>('head')) };
}

const crossEntropy = (logits: tf.Tensor, labels: tf.Tensor): tf.Scalar =>
  tf.neg(tf.mean(tf.sum(tf.mul(labels, tf.logSoftmax(logits)), -1))) as tf.Scalar;

function argMax(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] ?? 0) > (values[best] ?? 0)) best = i;
  return best;
}
