import { createLossByNoiseLevel } from '@edm2/loss-weighting';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const options = { bins: 4, sigmaMin: 0.01, sigmaMax: 100 };

describe('createLossByNoiseLevel', () => {
  test('bins evenly in ln σ and averages in each bin', () => {
    const statistics = createLossByNoiseLevel(options);
    statistics.add([0.02, 0.05, 2], [1, 4, 10]);
    statistics.add(new Float32Array([3, 50]), new Float32Array([20, 7]));
    const { edges, counts, mean } = statistics.result();
    for (const [i, edge] of [0.01, 0.1, 1, 10, 100].entries()) expect((edges[i] ?? 0) / edge).toBeCloseTo(1, 12);
    expect([...counts]).toEqual([2, 0, 2, 1]);
    expect([...mean]).toEqual([2.5, Number.NaN, 15, 7]);
  });

  test('counts what lies outside in the outer bins, and an edge in the bin above it', () => {
    const statistics = createLossByNoiseLevel({ bins: 2, sigmaMin: 0.25, sigmaMax: 4 });
    statistics.add([1e-9, 1, 4, 1e9], [1, 2, 2, 2]);
    expect([...statistics.result().counts]).toEqual([1, 3]);
  });

  test('is float64: a million equal losses average to themselves', () => {
    const statistics = createLossByNoiseLevel({ bins: 1 });
    const sigma = new Float32Array(1000).fill(1);
    const loss = new Float64Array(1000).fill(0.1);
    for (let i = 0; i < 1000; i++) statistics.add(sigma, loss);
    expect(Math.abs((statistics.result().mean[0] ?? 0) - 0.1)).toBeLessThan(1e-10);
  });

  test('a state that went through JSON goes on exactly as if nothing had happened', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(fc.double({ min: 1e-3, max: 1e3, noNaN: true }), fc.double({ min: 0, max: 10, noNaN: true })),
          { maxLength: 40 },
        ),
        fc.nat(40),
        (samples, at) => {
          const feed = (target: ReturnType<typeof createLossByNoiseLevel>, part: [number, number][]): void =>
            target.add(
              part.map(([s]) => s),
              part.map(([, l]) => l),
            );
          const whole = createLossByNoiseLevel(options);
          feed(whole, samples);
          const first = createLossByNoiseLevel(options);
          feed(first, samples.slice(0, at));
          const second = createLossByNoiseLevel(options);
          second.restore(JSON.parse(JSON.stringify(first.state())));
          feed(second, samples.slice(at));
          expect(second.result()).toEqual(whole.result());
        },
      ),
      { seed: 2, numRuns: 50 },
    );
  });

  test('reset forgets, and a result taken before stays as it was', () => {
    const statistics = createLossByNoiseLevel(options);
    statistics.add([1], [3]);
    const before = statistics.result();
    statistics.reset();
    expect(before.counts.reduce((a, b) => a + b)).toBe(1);
    expect(statistics.result().counts.every((count) => count === 0)).toBe(true);
  });

  test('a bad batch is an error and counts nothing', () => {
    const statistics = createLossByNoiseLevel(options);
    expect(() => statistics.add([1, 2], [1])).toThrow('expected one loss per noise level, got 2 and 1');
    expect(() => statistics.add([1, 2], [1, Number.NaN])).toThrow('expected a finite loss, got NaN at 1');
    expect(() => statistics.add([1, -2], [1, 1])).toThrow('expected sigma > 0, got -2 at 1');
    expect(statistics.result().counts.every((count) => count === 0)).toBe(true);
  });

  test('refuses impossible options and foreign states', () => {
    expect(() => createLossByNoiseLevel({ bins: 2.5 })).toThrow(RangeError);
    expect(() => createLossByNoiseLevel({ sigmaMin: 1, sigmaMax: 0.5 })).toThrow('0 < sigmaMin < sigmaMax');
    expect(() => createLossByNoiseLevel(options).restore({ counts: [1], sums: [1] })).toThrow('the state of 4 bins');
  });
});
