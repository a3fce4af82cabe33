import { difference, draw } from '@edm2/test-support';
import { type Engine, jit } from '@edm2/tfjs-jit';
import { toOnnx } from '@edm2/tfjs-onnx';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { describeEngines } from './engines.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});
afterEach(() => tf.disposeVariables());

interface Model {
  readonly build: () => tf.LayersModel;
  readonly input: () => tf.Tensor;
  readonly classes: number;
}

const { layers } = tf;

/** A network as people write them with tf.layers: what it must compile for is inference, and the gradients of training. */
const MODELS: Record<string, Model> = {
  'LSTM and GRU': {
    classes: 3,
    input: () => draw(1, [2, 3, 4]),
    build: () =>
      tf.sequential({
        layers: [
          layers.lstm({ units: 6, returnSequences: true, inputShape: [3, 4] }),
          layers.bidirectional({
            layer: layers.gru({ units: 5, returnSequences: true }) as never,
            mergeMode: 'concat',
          }),
          layers.gru({ units: 4 }),
          layers.dense({ units: 3, activation: 'softmax' }),
        ],
      }),
  },
  'embedding and dense, a text classifier': {
    classes: 2,
    input: () => draw(2, [3, 7], { below: 40 }),
    build: () =>
      tf.sequential({
        layers: [
          layers.embedding({ inputDim: 40, outputDim: 8, inputLength: 7 }),
          layers.conv1d({ filters: 6, kernelSize: 3, activation: 'relu', padding: 'same' }),
          layers.globalAveragePooling1d(),
          layers.dense({ units: 5, activation: 'tanh' }),
          layers.dense({ units: 2, activation: 'softmax' }),
        ],
      }),
  },
  'separable convolutions, a small MobileNet': {
    classes: 4,
    input: () => draw(3, [2, 12, 12, 3]),
    build: () =>
      tf.sequential({
        layers: [
          layers.conv2d({
            filters: 8,
            kernelSize: 3,
            strides: 2,
            padding: 'same',
            inputShape: [12, 12, 3],
            useBias: false,
          }),
          layers.batchNormalization(),
          layers.reLU({ maxValue: 6 }),
          layers.depthwiseConv2d({ kernelSize: 3, padding: 'same' }),
          layers.batchNormalization(),
          layers.leakyReLU(),
          layers.separableConv2d({ filters: 12, kernelSize: 3, padding: 'same', activation: 'relu' }),
          layers.maxPooling2d({ poolSize: 2 }),
          layers.globalAveragePooling2d({}),
          layers.dense({ units: 4, activation: 'softmax' }),
        ],
      }),
  },
};

describeEngines('tf.layers models', (engine) => {
  describe.each(Object.entries(MODELS))('%s', (_, { build, input, classes }) => {
    it('predicts as on cpu, also after its weights changed', () => {
      const model = build();
      const x = input();
      const predict = jit((t: tf.Tensor) => model.apply(t) as tf.Tensor, { engine: engine() });
      expect(difference(predict(x), model.predict(x) as tf.Tensor)).toBeLessThan(1e-5);
      for (const scale of [0.5, 2]) {
        model.setWeights(model.getWeights().map((w) => tf.mul(w, scale)));
        expect(difference(predict(x), model.predict(x) as tf.Tensor)).toBeLessThan(1e-5);
      }
      expect(predict.cacheSize).toBe(1);
      predict.dispose();
    });

    it('trains as on cpu', () => {
      const labels = tf.oneHot(draw(9, [input().shape[0] ?? 1], { below: classes }) as tf.Tensor1D, classes);
      const train = (model: tf.LayersModel, compiled: boolean): number[] => {
        const loss = (x: tf.Tensor): tf.Scalar =>
          tf.mean(tf.metrics.categoricalCrossentropy(labels, model.apply(x) as tf.Tensor)) as tf.Scalar;
        // The closure names its variables: gradients are a record by name.
        const step = (x: tf.Tensor): { value: tf.Scalar; grads: tf.NamedTensorMap } =>
          tf.variableGrads(
            () => loss(x),
            model.trainableWeights.map((w) => w.read() as tf.Variable),
          );
        const run = compiled ? jit(step, { engine: engine() }) : step;
        const optimizer = tf.train.adam(0.01);
        return Array.from({ length: 4 }, () => {
          const { value, grads } = run(input());
          optimizer.applyGradients(grads as never);
          return value.dataSync()[0] ?? Number.NaN;
        });
      };
      const [a, b] = [build(), build()];
      b.setWeights(a.getWeights());
      const [expected, actual] = [train(a, false), train(b, true)];
      actual.forEach((loss, i) => void expect(loss).toBeCloseTo(expected[i] ?? Number.NaN, 4));
      expect(actual[3]).toBeLessThan(actual[0] ?? 0);
    });
  });

  describe('a step that assigns variables', () => {
    const build = (): tf.LayersModel =>
      tf.sequential({
        layers: [
          layers.conv2d({ filters: 4, kernelSize: 3, inputShape: [6, 6, 2], useBias: false }),
          layers.batchNormalization({ momentum: 0.7 }),
          layers.reLU(),
          layers.flatten(),
          layers.dense({ units: 3, activation: 'softmax' }),
        ],
      });
    const labels = () => tf.oneHot(tf.tensor1d([0, 2, 1, 1], 'int32'), 3);
    const variables = (model: tf.LayersModel) => model.trainableWeights.map((w) => w.read() as tf.Variable);

    it.each([
      ['sgd', () => tf.train.sgd(0.1)],
      ['momentum', () => tf.train.momentum(0.05, 0.8)],
      ['adam', () => tf.train.adam(0.02)],
      ['rmsprop', () => tf.train.rmsprop(0.01)],
    ] as const)('trains with BatchNormalization and %s inside, as on cpu', (_, makeOptimizer) => {
      const x = draw(3, [4, 6, 6, 2]);
      const train = (model: tf.LayersModel, compiled: boolean): number[] => {
        const optimizer = makeOptimizer();
        const step = (batch: tf.Tensor, onehot: tf.Tensor): tf.Scalar => {
          const loss = () =>
            tf.mean(
              tf.metrics.categoricalCrossentropy(onehot, model.apply(batch, { training: true }) as tf.Tensor),
            ) as tf.Scalar;
          return optimizer.minimize(loss, true, variables(model)) as tf.Scalar;
        };
        const run = compiled ? jit(step, { engine: engine() }) : step;
        return Array.from({ length: 5 }, () => {
          const loss = run(x, labels()).dataSync()[0] ?? Number.NaN;
          return loss;
        });
      };
      const [a, b] = [build(), build()];
      b.setWeights(a.getWeights());
      const [expected, actual] = [train(a, false), train(b, true)];
      actual.forEach((loss, i) => void expect(loss).toBeCloseTo(expected[i] ?? Number.NaN, 4));
      expect(actual[4]).toBeLessThan(actual[0] ?? 0);
      // Averages of the batch's mean and variance among them.
      a.getWeights().forEach((w, i) => void expect(difference(b.getWeights()[i] as tf.Tensor, w)).toBeLessThan(1e-3));
      expect(difference(b.predict(x) as tf.Tensor, a.predict(x) as tf.Tensor)).toBeLessThan(1e-3);
    });

    it('compiles once, keeps the count of tensors, and leaves variables alone when it fails', () => {
      const model = build();
      const optimizer = tf.train.adam(0.02);
      const x = draw(3, [4, 6, 6, 2]);
      const onehot = labels();
      let fails = false;
      const step = jit(
        (batch: tf.Tensor) => {
          const loss = () =>
            tf.mean(tf.squaredDifference(model.apply(batch, { training: true }) as tf.Tensor, onehot)) as tf.Scalar;
          const { value, grads } = tf.variableGrads(loss, variables(model));
          optimizer.applyGradients(grads as never);
          if (fails) throw new Error('mine');
          return value;
        },
        { engine: engine() },
      );
      step(x).dispose();
      const before = tf.memory().numTensors;
      for (let i = 0; i < 3; i++) step(x).dispose();
      expect([tf.memory().numTensors, step.cacheSize]).toEqual([before, 1]);
      fails = true;
      const weights = model.getWeights().map((w) => [...w.dataSync()]);
      const larger = draw(4, [4, 6, 6, 2]);
      step.dispose();
      expect(() => step(larger)).toThrow('mine');
      expect(model.getWeights().map((w) => [...w.dataSync()])).toEqual(weights);
      expect(tf.memory().numTensors).toBe(before + 1);
    });

    it('follows which layers are trainable, and compiles nothing again where that does not count', () => {
      const x = draw(3, [4, 6, 6, 2]);
      const wanted = labels();
      const train = (model: tf.LayersModel, compiled: boolean): number[] => {
        const optimizer = tf.train.sgd(0.1);
        // The list is made inside: a model leaves out what is frozen.
        const step = (batch: tf.Tensor): tf.Scalar =>
          optimizer.minimize(
            () => tf.mean(tf.squaredDifference(model.apply(batch) as tf.Tensor, wanted)) as tf.Scalar,
            true,
            variables(model),
          ) as tf.Scalar;
        const run = compiled ? jit(step, { engine: engine() }) : step;
        let forms = 0;
        const compile: Engine['compile'] = (...given) => {
          forms++;
          return engine().compile(...given);
        };
        const watched = { ...engine(), compile };
        const predict = compiled ? jit((t: tf.Tensor) => model.apply(t) as tf.Tensor, { engine: watched }) : undefined;
        const [first, , , , last] = model.layers;
        const switches = [
          () => {},
          () => Object.assign(first as object, { trainable: false }),
          () => Object.assign(last as object, { trainable: false }),
          () => Object.assign(first as object, { trainable: true }),
          () => Object.assign(last as object, { trainable: true }),
        ];
        const seen = switches.flatMap((turn) => {
          turn();
          const loss = run(x).dataSync()[0] as number;
          predict?.(x);
          return [loss, ...variables(model).map((v) => v.dataSync()[0] as number)];
        });
        // With weights as constants, and with weights that are read.
        if (compiled) expect(forms).toBe(2);
        return seen;
      };
      const [a, b] = [build(), build()];
      b.setWeights(a.getWeights());
      const [expected, actual] = [train(a, false), train(b, true)];
      expect(actual.length).toBe(expected.length);
      actual.forEach((n, i) => void expect(n).toBeCloseTo(expected[i] ?? Number.NaN, 4));
    });

    it('is explained before its first call, and measured, without being assigned', () => {
      const v = tf.variable(tf.ones([64, 64]) as tf.Tensor2D);
      const step = jit(
        (x: tf.Tensor2D) => {
          v.assign(tf.matMul(x, v));
          return tf.sum(v);
        },
        { engine: engine() },
      );
      const x = draw(1, [64, 64]) as tf.Tensor2D;
      expect(step.explain({ args: [x] })).toMatch(/BatchMatMul/);
      if (engine().profile !== undefined) {
        expect(step.explain({ args: [x], measure: true })).toMatch(/BatchMatMul/);
      }
      expect(step.memory(x).peak).toBeGreaterThan(0);
      expect(v.dataSync().every((value) => value === 1)).toBe(true);
      step.dispose();
    });

    it('reads and assigns a variable several times, in order', () => {
      const v = tf.variable(tf.tensor1d([1, 2]));
      const twice = jit(
        (x: tf.Tensor) => {
          const old = tf.clone(v);
          v.assign(tf.add(v, x) as tf.Tensor1D);
          v.assign(tf.mul(v, 2) as tf.Tensor1D);
          return { old, now: tf.clone(v) };
        },
        { engine: engine() },
      );
      const x = tf.tensor1d([10, 20]);
      expect([...twice(x).now.dataSync()]).toEqual([22, 44]);
      const { old, now } = twice(x);
      expect([[...old.dataSync()], [...now.dataSync()], [...v.dataSync()]]).toEqual([
        [22, 44],
        [64, 128],
        [64, 128],
      ]);
      twice.dispose();
    });

    it('refuses what it cannot do with variables, and says what to do', () => {
      const v = tf.variable(tf.scalar(2));
      const x = tf.scalar(1);
      const before = tf.memory().numTensors;
      const refusal = (fn: (x: tf.Tensor) => tf.Tensor) => expect(() => jit(fn, { engine: engine() })(x));
      refusal((t) => {
        v.dispose();
        return t;
      }).toThrow(/got the end of '.*'\. Dispose it outside/);
      const assigning = jit((t: tf.Tensor) => v.assign(t as tf.Scalar), { engine: engine() });
      expect(() => assigning(v)).toThrow(/not to be arguments, got '.*' at '0'\. Close over it alone/);
      refusal((t) => tf.mul(tf.variable(tf.scalar(4)), t)).toThrow(/got tf\.variable every time.*close over it/);
      refusal((t) => tf.mul(tf.variable(t), t)).toThrow(/values that are known before the call/);
      const dropout = layers.dropout({ rate: 0.5 });
      refusal((t) => dropout.apply(tf.reshape(t, [1, 1]), { training: true }) as tf.Tensor).toThrow(
        /no random draw.*Dropout draws while training: leave it out of the model, and multiply by a mask/,
      );
      expect(() =>
        toOnnx((t: tf.Tensor) => {
          v.assign(tf.add(v, t) as tf.Scalar);
          return t;
        }, x),
      ).toThrow(/leaves variables alone, got an assignment to.*training: false/);
      expect([tf.memory().numTensors, v.dataSync()[0]]).toEqual([before, 2]);
    });
  });

  it('says when a variable was disposed, an argument was donated before, and a function compiles again and again', () => {
    const v = tf.variable(tf.scalar(2));
    const messages: string[] = [];
    const warn = (message: string): void => void messages.push(message);
    const scale = jit((x: tf.Tensor) => tf.mul(x, v), { engine: engine(), warn });
    for (let n = 1; n <= 12; n++) expect(scale(tf.ones([n])).dataSync()[0]).toBe(2);
    expect(messages).toHaveLength(1);
    expect(messages[0]).toMatch(/compiled for 10 signatures.*float32\[10\].*Pad to few shapes/);
    v.assign(tf.scalar(3));
    expect(scale(tf.ones([2])).dataSync()[0]).toBe(3);
    v.dispose();
    expect(() => scale(tf.ones([2]))).toThrow(/variables that the function closes over to live/);
    const step = jit((x: tf.Tensor) => tf.add(x, 1), { engine: engine(), donate: [0] });
    const x = tf.ones([2]);
    step(x);
    expect(() => step(x)).toThrow(
      /disposed one at '0'.*donated is gone after the call: pass on what the call returned/,
    );
    scale.dispose();
    step.dispose();
  });
});
