import type { EngineReport } from '@edm2/engine';
import { createRandom } from '@edm2/random';
import { jit } from '@edm2/tfjs-jit';
import { adam, disposeTree } from '@edm2/training';
import * as tf from '@tensorflow/tfjs-core';
import {
  CLASSIFIER_BATCH as BATCH,
  CLASSIFIER_CLASSES as CLASSES,
  type Classifier,
  createClassifier,
  classifierForward as forward,
  type ClassifierParams as Params,
  CLASSIFIER_SHAPES as SHAPES,
} from 'edm2/parts';
import type { LabelledImages } from './arrays.js';

const PEAK_LEARNING_RATE = 2e-3;

/** Trains a classifier on real digits through the same `jit` as the generator. */
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
  disposeTree(moments);

  return createClassifier(params, engine.engine);
}

/** Options of {@link trainClassifier}. */
export interface ClassifierOptions {
  readonly steps: number;
  readonly seed: number;
  readonly engine: EngineReport;
  readonly onStep?: (done: number) => void;
  readonly signal: AbortSignal;
}

const crossEntropy = (logits: tf.Tensor, labels: tf.Tensor): tf.Scalar =>
  tf.neg(tf.mean(tf.sum(tf.mul(labels, tf.logSoftmax(logits)), -1))) as tf.Scalar;
