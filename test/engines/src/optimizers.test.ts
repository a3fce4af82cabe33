import { draw } from '@edm2/test-support';
import { type Engine, jit } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeEngines } from './engines.js';

beforeEach(async () => {
  await tf.setBackend('cpu');
});
afterEach(() => tf.disposeVariables());

/** An optimizer with its fields that people set, private in TypeScript. */
type Fields = Record<string, unknown>;
const fields = (optimizer: tf.Optimizer): Fields => optimizer as unknown as Fields;

interface Kind {
  readonly make: () => tf.Optimizer;
  /** Further numbers of it, and other values for them. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** False where `setWeights` is not there. */
  readonly restores: boolean;
}

const KINDS: Record<string, Kind> = {
  sgd: { make: () => tf.train.sgd(0.05), settings: {}, restores: false },
  momentum: {
    make: () => tf.train.momentum(0.05, 0.8),
    settings: { useNesterov: true, momentum: 0.1 },
    restores: true,
  },
  adagrad: { make: () => tf.train.adagrad(0.1), settings: { initialAccumulatorValue: 3 }, restores: true },
  adadelta: { make: () => tf.train.adadelta(0.5), settings: { rho: 0.5, epsilon: 1e-3 }, restores: true },
  adam: { make: () => tf.train.adam(0.05), settings: { beta1: 0.5, beta2: 0.9, epsilon: 1e-3 }, restores: true },
  adamax: {
    make: () => tf.train.adamax(0.05, 0.9, 0.999, 1e-7, 0.1),
    settings: { beta1: 0.5, beta2: 0.9, epsilon: 1e-3, decay: 0.3 },
    restores: false,
  },
  rmsprop: {
    make: () => tf.train.rmsprop(0.02, 0.9, 0.3),
    settings: { decay: 0.5, momentum: 0.6, epsilon: 1e-3 },
    restores: true,
  },
};

/** What people do between two steps. */
const event = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('rate' as const), rate: fc.constantFrom(0.1, 0.03, 0.007) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('setting' as const), index: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('trainable' as const), index: fc.nat(1) }) },
  fc.record({ do: fc.constant('restore' as const) }),
  fc.record({ do: fc.constant('eager' as const) }),
  fc.record({ do: fc.constant('constant' as const) }),
  fc.record({ do: fc.constant('variable' as const), index: fc.nat(1) }),
  fc.record({ do: fc.constant('assign' as const), index: fc.nat(1) }),
);
type Event =
  | { do: 'rate'; rate: number }
  | { do: 'setting'; index: number }
  | { do: 'trainable'; index: number }
  | { do: 'variable'; index: number }
  | { do: 'assign'; index: number }
  | { do: 'restore' }
  | { do: 'eager' }
  | { do: 'constant' };

/** What `applyGradients` takes, by name. */
type Gradients = Parameters<tf.AdamOptimizer['applyGradients']>[0];

const setRate = (optimizer: tf.Optimizer, rate: number): void => {
  // Every optimizer is an instance of every optimizer's class.
  if ('setLearningRate' in optimizer) (optimizer as tf.SGDOptimizer).setLearningRate(rate);
  else fields(optimizer)['learningRate'] = rate;
};

/** Trains while things change between steps; returns everything that can be seen after each of them. */
async function train(kind: Kind, events: readonly Event[][], engine: Engine | undefined): Promise<number[][]> {
  const optimizer = kind.make();
  const weights = [tf.variable(draw(1, [3, 2])), tf.variable(draw(2, [2]))];
  let wanted = draw(3, [4, 2]);
  let made = 0;
  const step = (x: tf.Tensor): tf.Scalar => {
    const loss = (): tf.Scalar => {
      const [kernel, bias] = weights as tf.Tensor[] as [tf.Tensor2D, tf.Tensor];
      return tf.mean(tf.squaredDifference(tf.add(tf.matMul(x as tf.Tensor2D, kernel), bias), wanted)) as tf.Scalar;
    };
    return optimizer.minimize(loss, true, weights) as tf.Scalar;
  };
  const compiled = engine === undefined ? step : jit(step, { engine, warn: () => {} });
  const outcome: number[][] = [];
  const x = draw(4, [4, 3]);
  for (const before of events) {
    for (const change of before) {
      if (change.do === 'rate') setRate(optimizer, change.rate);
      else if (change.do === 'setting') {
        const names = Object.keys(kind.settings);
        const name = names[change.index % Math.max(1, names.length)];
        if (name !== undefined) fields(optimizer)[name] = kind.settings[name];
      } else if (change.do === 'trainable') {
        const variable = weights[change.index] as tf.Variable;
        const other = weights[1 - change.index] as tf.Variable;
        if (other.trainable) variable.trainable = !variable.trainable;
      } else if (change.do === 'restore') {
        if (!kind.restores) continue;
        const [iterations, ...state] = await optimizer.getWeights();
        const scaled = state.map(({ name, tensor }) => ({ name, tensor: tf.mul(tensor, 0.5) }));
        await optimizer.setWeights([iterations as (typeof scaled)[number], ...scaled]);
      } else if (change.do === 'eager') step(x);
      else if (change.do === 'constant') {
        wanted.dispose();
        wanted = draw(10 + made++, [4, 2]);
      } else if (change.do === 'variable') {
        const old = weights[change.index] as tf.Variable;
        const value = tf.mul(old, 0.5);
        old.dispose();
        weights[change.index] = tf.variable(value, old.trainable);
      } else {
        const variable = weights[change.index] as tf.Variable;
        variable.assign(tf.mul(variable, 1.1));
      }
    }
    const loss = compiled(x);
    const state = kind.restores ? (await optimizer.getWeights()).map(({ tensor }) => tensor) : [];
    outcome.push([optimizer.iterations], ...[loss, ...weights, ...state].map((t) => Array.from(t.dataSync())));
  }
  if (compiled !== step) (compiled as ReturnType<typeof jit>).dispose();
  return outcome;
}

const close = (actual: readonly number[][], expected: readonly number[][]): void => {
  expect(actual.map((list) => list.length)).toEqual(expected.map((list) => list.length));
  const [a, b] = [actual.flat(), expected.flat()];
  a.forEach((n, i) => {
    const plain = b[i] ?? Number.NaN;
    expect(Math.abs(n - plain)).toBeLessThanOrEqual(2e-4 * Math.max(1, Math.abs(plain)));
  });
};

/** The engine, and how often it was asked to compile. */
function counting(engine: Engine): { engine: Engine; compiled: () => number } {
  let count = 0;
  const compile: Engine['compile'] = (...given) => {
    count++;
    return engine.compile(...given);
  };
  return { engine: { ...engine, compile }, compiled: () => count };
}

describeEngines('optimizers in a compiled step', (engine) => {
  describe.each(Object.entries(KINDS))('%s', (_, kind) => {
    it('trains as op by op, whatever is set, restored, switched, assigned or replaced between steps', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(event, { maxLength: 2 }), { minLength: 3, maxLength: 6 }),
          async (events) => {
            const on = async (how: Engine | undefined): Promise<number[][]> => {
              tf.engine().startScope();
              try {
                return await train(kind, events as Event[][], how);
              } finally {
                tf.engine().endScope();
                tf.disposeVariables();
              }
            };
            close(await on(engine()), await on(undefined));
          },
        ),
        { numRuns: 8, seed: 5 },
      );
    });

    it('follows a schedule of learning rates with what it compiled first', () => {
      const { engine: watched, compiled } = counting(engine());
      const run = (how: Engine | undefined): number[][] => {
        const optimizer = kind.make();
        const w = tf.variable(tf.tensor1d([1, -2]));
        const step = (x: tf.Tensor): tf.Scalar =>
          optimizer.minimize(() => tf.sum(tf.square(tf.sub(tf.mul(w, x), 1))) as tf.Scalar, true, [w]) as tf.Scalar;
        const jitted = how && jit(step, { engine: how });
        const train = jitted ?? step;
        const x = tf.tensor1d([1, 0.5]);
        const seen: number[][] = [];
        let tensors = 0;
        for (let i = 0; i < 7; i++) {
          setRate(optimizer, 0.1 / (i + 1));
          const loss = train(x);
          seen.push([...loss.dataSync()], [...w.dataSync()], [optimizer.iterations]);
          loss.dispose();
          if (i === 1) tensors = tf.memory().numTensors;
        }
        expect(tf.memory().numTensors).toBe(tensors);
        jitted?.dispose();
        return seen;
      };
      close(run(watched), run(undefined));
      expect(compiled()).toBe(1);
    });
  });

  it('keeps forms for switches that are turned to and fro, and says so when it compiles again and again', () => {
    const { engine: watched, compiled } = counting(engine());
    const said: string[] = [];
    const [a, b] = [tf.variable(tf.scalar(2), true, 'a'), tf.variable(tf.scalar(3), true, 'b')];
    const optimizer = tf.train.adam(0.1);
    const step = jit(
      (x: tf.Tensor) =>
        optimizer.minimize(() => tf.square(tf.sub(tf.mul(tf.mul(a, b), x), 1)) as tf.Scalar, true, [a, b]),
      { engine: watched, warn: (message) => void said.push(message) },
    );
    const x = tf.scalar(1);
    for (let i = 0; i < 12; i++) {
      a.trainable = i % 2 === 0;
      const before = a.dataSync()[0];
      step(x);
      expect(a.dataSync()[0] !== before).toBe(a.trainable);
    }
    expect([compiled(), step.cacheSize, said]).toEqual([2, 1, []]);
    for (let i = 0; i < 12; i++) {
      fields(optimizer)['beta1'] = 0.5 + i / 100;
      step(x);
    }
    expect(said).toEqual([
      expect.stringMatching(/compiled 10 times because something had changed.*the last time Adam\.beta1 was set/),
    ]);
  });

  it('takes optimizers of people’s own, made of these or anew', () => {
    class Clipped extends tf.AdamOptimizer {
      clip = 0.5;
      override applyGradients(grads: Gradients): void {
        const clipped = Object.entries(grads).map(([name, g]) => [name, tf.clipByValue(g, -this.clip, this.clip)]);
        super.applyGradients(Object.fromEntries(clipped));
      }
    }
    class Plain extends tf.Optimizer {
      learningRate = 0.1;
      applyGradients(grads: tf.NamedTensorMap): void {
        for (const [name, g] of Object.entries(grads)) {
          const variable = tf.engine().registeredVariables[name] as tf.Variable;
          variable.assign(tf.sub(variable, tf.mul(g, this.learningRate * 2)));
        }
        this.incrementIterations();
      }
      getConfig() {
        return {};
      }
    }
    const run = (optimizer: tf.Optimizer, how: Engine | undefined): number[] => {
      const w = tf.variable(tf.scalar(5));
      const step = (x: tf.Tensor) => {
        const { value, grads } = tf.variableGrads(() => tf.square(tf.sub(tf.mul(w, x), 1)) as tf.Scalar, [w]);
        optimizer.applyGradients(grads);
        return value;
      };
      const train = how === undefined ? step : jit(step, { engine: how });
      return [0.1, 0.2, 0.05].flatMap((rate, i) => {
        fields(optimizer)['learningRate'] = rate;
        fields(optimizer)['clip'] = 0.5 + i;
        return [train(tf.scalar(1)).dataSync()[0] as number, w.dataSync()[0] as number, optimizer.iterations];
      });
    };
    for (const make of [() => new Clipped(0.1, 0.9, 0.999), () => new Plain()]) {
      const expected = run(make(), undefined);
      run(make(), engine()).forEach((n, i) => void expect(n).toBeCloseTo(expected[i] as number, 4));
    }
  });

  it('refuses what it could not follow, by name, and leaves the optimizer as it was', async () => {
    const w = tf.variable(tf.scalar(5));
    const x = tf.scalar(1);
    const loss = () => tf.square(w) as tf.Scalar;
    class Counting extends tf.AdamOptimizer {
      t = 1;
      override applyGradients(grads: Gradients): void {
        super.applyGradients(grads);
        this.t += 1;
      }
    }
    const refused = (optimizer: tf.Optimizer, fn: (x: tf.Tensor) => unknown, message: RegExp): void => {
      const compiled = jit(
        (t: tf.Tensor) => {
          fn(t);
          return tf.square(t);
        },
        { engine: engine() },
      );
      const before = { ...fields(optimizer) };
      for (let i = 0; i < 2; i++) expect(() => compiled(x)).toThrow(message);
      for (const name of ['learningRate', 'c', 'iterations_', 't']) expect(fields(optimizer)[name]).toBe(before[name]);
      expect(Object.getOwnPropertyDescriptor(optimizer, 'iterations')).toBeUndefined();
      compiled.dispose();
      optimizer.minimize(loss, false, [w]);
    };
    const adam = tf.train.adam(0.1);
    refused(
      adam,
      () => {
        adam.minimize(loss, false, [w]);
        tf.scalar(adam.iterations);
      },
      /does not depend on Adam\.iterations.*tf\.scalar\(optimizer\.iterations\)/,
    );
    refused(
      adam,
      () => {
        adam.minimize(loss, false, [w]);
        fields(adam)['learningRate'] = 1;
      },
      /learning rates to be set between calls.*\(Adam\).*nothing compiles again/,
    );
    const sgd = tf.train.sgd(0.1);
    refused(
      sgd,
      () => {
        sgd.setLearningRate(0.5);
        sgd.minimize(loss, false, [w]);
      },
      /learning rates to be set between calls.*\(SGD\)/,
    );
    refused(
      sgd,
      () => tf.train.sgd(0.1).minimize(loss, false, [w]),
      /makes no optimizers, got tf\.train\.sgd\. Make it before/,
    );
    const own = new Counting(0.1, 0.9, 0.999);
    refused(
      own,
      () => own.minimize(loss, false, [w]),
      /got Adam\.t, a number that went from \d to \d\. Make it a tf\.variable/,
    );
    const both = tf.train.adam(0.1);
    refused(
      both,
      (t) => {
        both.minimize(loss, false, [w]);
        return tf.mul(tf.variable(tf.scalar(1)), t);
      },
      /makes variables on its first use only.*got tf\.variable every time/,
    );
    const ended = tf.train.sgd(0.1);
    const step = jit(() => ended.minimize(loss, true, [w]), { engine: engine() });
    step();
    ended.dispose();
    expect(() => step()).toThrow(/the learning rate of SGD, got an optimizer that was disposed/);
    fields(adam)['learningRate'] = '0.1';
    const text = jit(() => adam.minimize(loss, true, [w]), { engine: engine() });
    expect(() => text()).toThrow(/the learning rate of Adam to be a number, got 0\.1/);
  });

  it('counts the iterations of calls that were awaited, and of those that ended well alone', async () => {
    const w = tf.variable(tf.tensor1d([5, 4]));
    const optimizer = tf.train.adam(0.1);
    const step = jit(
      (x: tf.Tensor) => optimizer.minimize(() => tf.sum(tf.square(tf.mul(w, x))) as tf.Scalar, true, [w]),
      {
        engine: engine(),
      },
    );
    await step.runAsync(tf.scalar(1));
    step(tf.scalar(1));
    expect(() => step(tf.ones([3]))).toThrow();
    expect(optimizer.iterations).toBe(2);
    const [count] = await optimizer.getWeights();
    expect(count?.tensor.dataSync()[0]).toBe(2);
  });
});
