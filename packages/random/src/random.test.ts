import { createRandom, type Distribution, draw, type PathElement, type RandomStream } from '@edm2/random';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const path = fc.array(
  fc.oneof(fc.string({ maxLength: 5 }), fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })),
  {
    maxLength: 4,
  },
);
const moment = (values: ArrayLike<number>, power: number): number => {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] ?? Number.NaN) ** power;
  return sum / values.length;
};
const mean = (values: ArrayLike<number>): number => moment(values, 1);

describe('fixed vectors: a refactoring that changes these changes every image', () => {
  it.each<[number, PathElement[], number[]]>([
    [0, [], [0.6269460916519165, 1.6879440546035767, 0.3813021183013916, -0.603725016117096]],
    [1, ['noise', 42], [-1.6649006605148315, 0.7892457842826843, 2.07356595993042, 0.3693252205848694]],
    [
      Number.MAX_SAFE_INTEGER,
      ['init', 'unet.enc.8x8_block0.conv_res0.weight'],
      [-0.321949303150177, -0.23299460113048553, 0.3255012631416321, -0.24184481799602509],
    ],
    [-5, ['ü', -0.5], [-0.37795647978782654, -0.19139251112937927, 0.89300137758255, -0.9283888339996338]],
  ])('normal of seed %d, path %j', (seed, steps, expected) => {
    expect([
      ...createRandom(seed)
        .stream(...steps)
        .normal(4),
    ]).toEqual(expected.map(Math.fround));
  });

  it('uniform, integers, permutation', () => {
    const stream = (): RandomStream => createRandom(7).stream('vector');
    expect([...stream().uniform(3)]).toEqual([0.47156524658203125, 0.0027454495429992676, 0.6992353200912476]);
    expect([...stream().integers(8, 1000)]).toEqual([471, 2, 699, 891, 799, 409, 438, 987]);
    expect([...stream().integers(2, 0x7fffffff)]).toEqual([1012678701, 5895898]);
    expect([...stream().permutation(10)]).toEqual([1, 0, 5, 6, 8, 9, 4, 7, 3, 2]);
  });

  it('a million normals keep their checksum', () => {
    const bits = new Uint32Array(createRandom(3).stream('many').normal(1_000_000).buffer);
    expect(bits.reduce((sum, word) => (Math.imul(sum, 31) + word) | 0, 0)).toBe(-834696637);
  });
});

describe('a stream', () => {
  it('depends on its own seed and path only, not on other streams or when they are read', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), path, path, (seed, own, other) => {
        const expected = createRandom(seed)
          .stream(...own)
          .normal(5);
        const random = createRandom(seed);
        const disturbing = random.stream(...other);
        disturbing.normal(3);
        const stream = random.stream(...own);
        const first = stream.normal(2);
        disturbing.uniform(7);
        expect([...first, ...stream.normal(3)]).toEqual([...expected]);
      }),
    );
  });

  it('goes on where it stopped: cuts change nothing', () => {
    const counts = fc.array(fc.nat({ max: 9 }), { maxLength: 8 });
    const methods: ((stream: RandomStream, n: number) => ArrayLike<number>)[] = [
      (stream, n) => stream.normal(n),
      (stream, n) => stream.uniform(n),
      (stream, n) => stream.integers(n, 1000),
    ];
    fc.assert(
      fc.property(fc.maxSafeInteger(), counts, fc.constantFrom(...methods), (seed, sizes, take) => {
        const parts = createRandom(seed).stream('cut');
        const pieces = sizes.flatMap((n) => Array.from(take(parts, n)));
        expect(pieces).toEqual(Array.from(take(createRandom(seed).stream('cut'), pieces.length)));
      }),
    );
  });

  it('keeps the second normal of a pair through other draws', () => {
    const whole = createRandom(1).stream().normal(2);
    const stream = createRandom(1).stream();
    const first = stream.normal(1);
    stream.uniform(10);
    expect([...first, ...stream.normal(1)]).toEqual([...whole]);
  });

  it('tells addresses apart by seed, type and length', () => {
    const addresses: [number, PathElement[]][] = [
      [0, []],
      [1, []],
      [-1, []],
      [2 ** 32, []],
      [0, ['']],
      [0, ['', '']],
      [0, [0]],
      [0, [0, 0]],
      [0, ['0']],
      [0, ['ab']],
      [0, ['a', 'b']],
      [0, ['b', 'a']],
      [0, ['a']],
      [0, ['a\0']],
      [0, [0.5]],
      [0, [2 ** 32]],
      [0, ['é']],
      [0, ['e\u0301']],
    ];
    const seen = new Set(
      addresses.map(([seed, steps]) =>
        createRandom(seed)
          .stream(...steps)
          .normal(4)
          .join(),
      ),
    );
    expect(seen.size).toBe(addresses.length);
    expect(createRandom(0).stream(-0).normal(2)).toEqual(createRandom(0).stream(0).normal(2));
    expect(createRandom(-0).stream().normal(2)).toEqual(createRandom(0).stream().normal(2));
  });
});

describe('distribution', () => {
  // Bounds are five standard errors; the seeds are fixed, so these never flicker.
  const n = 1_000_000;
  it('normal has the moments and tails of N(0, 1)', () => {
    const values = createRandom(11).stream('moments').normal(n);
    for (const [power, expected, error] of [
      [1, 0, 1],
      [2, 1, Math.sqrt(2)],
      [3, 0, Math.sqrt(15)],
      [4, 3, Math.sqrt(96)],
      [6, 15, Math.sqrt(10_170)],
    ] as const) {
      expect(Math.abs(moment(values, power) - expected)).toBeLessThan((5 * error) / Math.sqrt(n));
    }
    for (const [limit, share] of [
      [0.5, 0.6170750774519738],
      [1, 0.31731050786291415],
      [3, 0.0026997960632601866],
      [4, 6.334248366623996e-5],
    ] as const) {
      const count = values.reduce((sum, x) => sum + (Math.abs(x) > limit ? 1 : 0), 0);
      expect(Math.abs(count - n * share)).toBeLessThan(5 * Math.sqrt(n * share));
    }
    const pairs = values.subarray(1).map((x, i) => x * (values[i] ?? 0));
    expect(Math.abs(mean(pairs))).toBeLessThan(5 / Math.sqrt(n));
  });

  it('uniform fills [0, 1) evenly', () => {
    const values = createRandom(12).stream('moments').uniform(n);
    expect(values.every((x) => x >= 0 && x < 1)).toBe(true);
    const bins = new Float64Array(100);
    for (const x of values) bins[Math.floor(x * 100)] = (bins[Math.floor(x * 100)] ?? 0) + 1;
    const chi2 = bins.reduce((sum, count) => sum + (count - n / 100) ** 2 / (n / 100), 0);
    expect(chi2).toBeLessThan(99 + 5 * Math.sqrt(2 * 99));
  });

  it.each([1, 2, 3, 10, 255, 1000])('integers below %d are equally frequent', (bound) => {
    const count = 200_000;
    const bins = new Float64Array(bound);
    for (const k of createRandom(13).stream(bound).integers(count, bound)) bins[k] = (bins[k] ?? 0) + 1;
    const expected = count / bound;
    const chi2 = bins.reduce((sum, seen) => sum + (seen - expected) ** 2 / expected, 0);
    expect(chi2).toBeLessThanOrEqual(bound - 1 + 5 * Math.sqrt(2 * (bound - 1)));
  });

  it('integers have no bias where 2³² is far from a multiple of the bound', () => {
    const bound = 0x60000000; // 2³² = 2⅔ bounds: a plain remainder would favour the lower part by half
    const values = createRandom(14).stream().integers(100_000, bound);
    expect(Math.abs(mean(values) / bound - 0.5)).toBeLessThan(5 / Math.sqrt(12 * 100_000));
    const low = values.reduce((sum, k) => sum + (k < bound / 3 ? 1 : 0), 0);
    expect(Math.abs(low / 100_000 - 1 / 3)).toBeLessThan(5 * Math.sqrt(2 / 9 / 100_000));
  });

  it('permutation holds each number once, all orders equally often', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.nat({ max: 50 }), (seed, size) => {
        const order = createRandom(seed).stream().permutation(size);
        expect([...order].sort((a, b) => a - b)).toEqual([...new Array(size).keys()]);
      }),
    );
    const stream = createRandom(15).stream();
    const counts = new Map<string, number>();
    for (let i = 0; i < 24_000; i++) {
      const order = stream.permutation(4).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    const chi2 = [...counts.values()].reduce((sum, seen) => sum + (seen - 1000) ** 2 / 1000, 0);
    expect(chi2).toBeLessThan(23 + 5 * Math.sqrt(46));
  });
});

describe('independence of neighbouring streams', () => {
  it.each<[string, (i: number) => RandomStream]>([
    ['seeds', (i) => createRandom(i).stream('noise')],
    ['indices', (i) => createRandom(0).stream('noise', i)],
    ['high bits of the index', (i) => createRandom(0).stream(i * 2 ** 40)],
    ['names', (i) => createRandom(0).stream(`layer${i}`)],
  ])('first values over neighbouring %s are normal, uncorrelated and fill the square', (_, open) => {
    const n = 20_000;
    const firsts = Array.from({ length: n }, (__, i) => open(i).normal(2));
    const x = firsts.map(([a = 0]) => a);
    const y = firsts.map(([, b = 0]) => b);
    expect(Math.abs(mean(x))).toBeLessThan(5 / Math.sqrt(n));
    expect(Math.abs(moment(x, 2) - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
    expect(Math.abs(moment(x, 4) - 3)).toBeLessThan(5 * Math.sqrt(96 / n));
    for (const lag of [1, 2, 3, 4, 8, 16, 256, 1024]) {
      expect(Math.abs(mean(x.slice(lag).map((a, i) => a * (x[i] ?? 0))))).toBeLessThan(5 / Math.sqrt(n - lag));
    }
    expect(Math.abs(mean(x.map((a, i) => a * (y[i] ?? 0))))).toBeLessThan(5 / Math.sqrt(n));
    expect(new Set(x).size).toBeGreaterThan(n * 0.99);
  });
});

describe('draw', () => {
  const stream = (): RandomStream => createRandom(2).stream('draw');
  it('scales what the stream gives', () => {
    expect(draw({ normal: 0.5 }, 3, stream())).toEqual(
      stream()
        .normal(3)
        .map((x) => x * 0.5),
    );
    expect(draw({ uniform: [-1, 3] }, 3, stream())).toEqual(
      stream()
        .uniform(3)
        .map((x) => -1 + 4 * x),
    );
    expect(draw({ constant: 0.1 }, 2, stream())).toEqual(Float32Array.of(0.1, 0.1));
    expect(draw({ normal: 0 }, 2, stream()).every((x) => x === 0)).toBe(true);
  });
  it.each<[Distribution, RegExp]>([
    [{ normal: -1 }, /standard deviation ≥ 0, got -1/],
    [{ normal: Number.NaN }, /got NaN/],
    [{ uniform: [1, 0] }, /low ≤ high, got \[1, 0\]/],
    [{ uniform: [Number.NEGATIVE_INFINITY, 0] }, /got \[-Infinity, 0\]/],
    [{ constant: Number.POSITIVE_INFINITY }, /finite, got Infinity/],
    [{ lognormal: 1 } as unknown as Distribution, /\{"lognormal":1\}/],
  ])('refuses %j', (distribution, text) => {
    expect(() => draw(distribution, 1, stream())).toThrow(text);
  });
});

describe('refuses', () => {
  it.each([0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('the seed %d', (seed) => {
    expect(() => createRandom(seed)).toThrow(RangeError);
    expect(() => createRandom(seed)).toThrow(/createRandom: expected seed to be a safe integer, got/);
  });
  it('path elements that are no address', () => {
    expect(() => createRandom(0).stream('a', Number.NaN)).toThrow(/path\[1\] to be a finite number, got NaN/);
    expect(() => createRandom(0).stream(null as unknown as string)).toThrow(/path\[0\] .* got null/);
  });
  it('counts and bounds out of range', () => {
    const stream = createRandom(0).stream();
    for (const n of [-1, 1.5, Number.NaN, 2 ** 31]) {
      expect(() => stream.normal(n)).toThrow(/normal: expected n/);
      expect(() => stream.uniform(n)).toThrow(/uniform: expected n/);
      expect(() => stream.permutation(n)).toThrow(/permutation: expected n/);
      expect(() => stream.integers(1, n)).toThrow(/integers: expected bound/);
      expect(() => draw({ constant: 1 }, n, stream)).toThrow(/count/);
    }
    expect(() => stream.integers(1, 0)).toThrow(/bound/);
  });
});
