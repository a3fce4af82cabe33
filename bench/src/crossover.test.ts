import { describe, expect, it } from 'vitest';
import { crossover } from './crossover.js';

describe('crossover', () => {
  it('lies between neighbours on logarithmic axes', () => {
    // a / b is 1/2 at 1 and 2 at 100: equal half-way, at 10.
    expect(
      crossover([
        { x: 1, a: 1, b: 2 },
        { x: 100, a: 8, b: 4 },
      ]),
    ).toBeCloseTo(10, 10);
    // 1/2 and 8: a quarter of the way.
    expect(
      crossover([
        { x: 1, a: 1, b: 2 },
        { x: 16, a: 8, b: 1 },
      ]),
    ).toBeCloseTo(2, 10);
  });
  it('takes the last change where there are several', () => {
    const pairs = [
      { x: 0.1, a: 1, b: 2 },
      { x: 1, a: 2, b: 1 },
      { x: 10, a: 1, b: 2 },
      { x: 1000, a: 2, b: 1 },
    ];
    expect(crossover(pairs)).toBeCloseTo(100, 10);
  });
  it('finds the place in powers of x', () => {
    const pairs = [1, 10, 100, 1000].map((x) => ({ x, a: 3 * x, b: 3 * 50 ** 0.4 * x ** 0.6 }));
    expect(crossover(pairs)).toBeCloseTo(50, 8);
  });
  it('says so when there is none', () => {
    expect(crossover([{ x: 1, a: 2, b: 1 }])).toBe('always');
    expect(crossover([{ x: 1, a: 1, b: 1 }])).toBe('never');
    expect(
      crossover([
        { x: 1, a: 2, b: 1 },
        { x: 2, a: 1, b: 2 },
      ]),
    ).toBe('never');
    expect(() => crossover([])).toThrow('at least one pair');
  });
});
