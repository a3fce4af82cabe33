import { difference, draw } from '@edm2/test-support';
import { jit } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { compare } from './compare.js';
import { describeEngines } from './engines.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});
afterEach(() => tf.disposeVariables());

/** The length of what must be a list. */
const length = (list: unknown): number => {
  expect(Array.isArray(list)).toBe(true);
  return (list as unknown[]).length;
};

describeEngines('ops that give lists', (engine) => {
  it('give lists, of one tensor too', () => {
    const calls = fc.record({
      shape: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
      axis: fc.nat(2),
      parts: fc.integer({ min: 1, max: 3 }),
    });
    fc.assert(
      fc.property(calls, ({ shape, axis: drawn, parts }) => {
        const axis = drawn % shape.length;
        const [extent = 1] = [shape[axis]];
        const x = draw(1, shape);
        const whole = draw(
          2,
          shape.map((n, i) => (i === axis ? n * parts : n)),
        );
        const seen: number[] = [];
        const fn = (...[t, u]: tf.Tensor[]): tf.Tensor[] => {
          const lists = [
            tf.unstack(t as tf.Tensor, axis),
            tf.split(u as tf.Tensor, parts, axis),
            tf.split(t as tf.Tensor, [extent], axis),
            tf.split(t as tf.Tensor, 1, axis - shape.length),
          ];
          seen.push(...lists.map(length));
          return lists.flatMap((list) => list.map((part) => tf.mul(part, 2)));
        };
        expect(compare(engine(), fn, [x, whole])).toBeLessThan(1e-6);
        expect(seen).toEqual(Array.from({ length: seen.length / 4 }, () => [extent, parts, 1, 1]).flat());
        tf.dispose([x, whole]);
      }),
      { numRuns: 12, seed: 7 },
    );
  });

  it.each([
    ['[1, 1]', 1, 1],
    ['one row', 1, 4],
    ['one column', 4, 1],
    ['several', 3, 4],
  ] as const)('bandPart of %s', (_, rows, columns) => {
    const x = draw(3, [2, rows, columns]);
    const fn = (t: tf.Tensor): tf.Tensor => tf.linalg.bandPart(t, 1, 0);
    const band = jit(fn, { engine: engine() });
    expect(difference(band(x), fn(x))).toBe(0);
    band.dispose();
  });

  it('are what recurrent layers of one step read', () => {
    const { layers } = tf;
    const model = tf.sequential({
      layers: [
        layers.lstm({ units: 4, returnSequences: true, inputShape: [1, 2] }),
        layers.gru({ units: 3, returnSequences: true }),
        layers.bidirectional({ layer: layers.simpleRNN({ units: 2 }) as never, mergeMode: 'concat' }),
      ],
    });
    const x = draw(4, [3, 1, 2]);
    const predict = jit((t: tf.Tensor) => model.apply(t) as tf.Tensor, { engine: engine() });
    expect(difference(predict(x), model.predict(x) as tf.Tensor)).toBeLessThan(1e-5);
    predict.dispose();
  });
});
