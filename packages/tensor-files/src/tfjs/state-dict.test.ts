import '@tensorflow/tfjs';
import { fromStateDict, type ParameterSpec, type StateDict, toStateDict } from '@edm2/tensor-files/tfjs';
import { oihwToHwio, oiToIo, readGolden } from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const golden = readGolden('unet-latent').under('init.');
const ours = (shape: number[]): number[] => {
  const [a = 0, b = 0, c = 0, d = 0] = shape;
  if (shape.length === 4) return [c, d, b, a];
  return shape.length === 2 ? [b, a] : shape;
};
const specs: ParameterSpec[] = Object.entries(golden).map(([name, { shape }]) => ({
  name,
  shape: ours(shape),
  kind: 'weight',
}));
const stateDict: StateDict = Object.fromEntries(
  Object.entries(golden).map(([name, { shape, data }]) => [name, { shape, data: Float32Array.from(data) }]),
);

describe('fromStateDict and toStateDict', () => {
  it('agree with plain index arithmetic on every golden weight, both ways', () => {
    const before = tf.memory().numTensors;
    const params = fromStateDict(specs, stateDict);
    expect(specs.length).toBeGreaterThan(50);
    expect(tf.memory().numTensors).toBe(before + specs.length);
    for (const { name, shape } of specs) {
      const array = golden[name];
      if (!array) throw new Error(name);
      const expected = array.shape.length === 4 ? oihwToHwio(array) : array.shape.length === 2 ? oiToIo(array) : array;
      expect(params[name]?.shape).toEqual([...shape]);
      expect(params[name]?.dataSync()).toEqual(expected.data);
    }
    expect(toStateDict(specs, params)).toEqual(stateDict);
    expect(Object.keys(toStateDict(specs, params))).toEqual(specs.map(({ name }) => name));
    expect(tf.memory().numTensors).toBe(before + specs.length);
    tf.dispose(params);
  });

  it('round-trips any shape, past the tile size too', () => {
    const side = fc.integer({ min: 1, max: 5 });
    const wide = fc.integer({ min: 0, max: 70 });
    const shapes = fc.oneof(
      fc.tuple(side, side, wide, wide),
      fc.tuple(wide, wide),
      fc.array(side, { maxLength: 1 }),
      fc.tuple(side, side, side),
    );
    fc.assert(
      fc.property(shapes, (shape: number[]) => {
        const size = shape.reduce((product, n) => product * n, 1);
        const spec: ParameterSpec = { name: 'w', shape, kind: 'weight' };
        const values = Float32Array.from({ length: size }, (_, i) => i + 0.5);
        const w = tf.tensor(values, shape);
        const dict = toStateDict([spec], { w });
        const back = fromStateDict([spec], dict);
        expect(back['w']?.shape).toEqual(shape);
        expect(back['w']?.dataSync()).toEqual(values);
        tf.dispose([w, back]);
      }),
      { numRuns: 100 },
    );
  });

  it('gives copies: changing a file array changes no tensor', () => {
    const data = Float32Array.of(1, 2);
    const params = fromStateDict([{ name: 'v', shape: [2], kind: 'bias' }], { v: { shape: [2], data } });
    data[0] = 9;
    expect(params['v']?.dataSync()).toEqual(Float32Array.of(1, 2));
    tf.dispose(params);
  });

  it.each([
    [[], [1]],
    [[1], []],
  ])('fits a scalar of shape [%s] to a file entry of shape [%s], and back', (own, file) => {
    const spec: ParameterSpec = { name: 'gain', shape: own, kind: 'gain' };
    const params = fromStateDict([spec], { gain: { shape: file, data: Float32Array.of(3) } });
    expect(params['gain']?.shape).toEqual(own);
    const other = tf.tensor([4], file);
    expect(toStateDict([spec], { gain: other })).toEqual({ gain: { shape: own, data: Float32Array.of(4) } });
    tf.dispose([params, other]);
  });
});

describe('errors name the entry and create nothing', () => {
  const spec: ParameterSpec[] = [
    { name: 'a.weight', shape: [2, 3], kind: 'weight' },
    { name: 'b.gain', shape: [], kind: 'gain' },
  ];
  const good: StateDict = {
    'a.weight': { shape: [3, 2], data: new Float32Array(6) },
    'b.gain': { shape: [], data: new Float32Array(1) },
  };
  const cases: [string, StateDict, RegExp][] = [
    ['missing', { 'a.weight': { shape: [3, 2], data: new Float32Array(6) } }, /b\.gain/],
    ['extra', { ...good, 'c.bias': { shape: [1], data: new Float32Array(1) } }, /extra c\.bias/],
    ['misshapen', { ...good, 'a.weight': { shape: [2, 3], data: new Float32Array(6) } }, /a\.weight.*\[3,2\].*\[2,3\]/],
    ['two ones', { ...good, 'b.gain': { shape: [1, 1], data: new Float32Array(1) } }, /b\.gain.*\[1,1\]/],
    ['short', { ...good, 'a.weight': { shape: [3, 2], data: new Float32Array(5) } }, /a\.weight.*6.*5/],
    ['inherited', Object.create(good), /a\.weight, b\.gain/],
  ];
  it.each(cases)('%s', (_, dict, text) => {
    const before = tf.memory().numTensors;
    expect(() => fromStateDict(spec, dict)).toThrow(RangeError);
    expect(() => fromStateDict(spec, dict)).toThrow(text);
    expect(tf.memory().numTensors).toBe(before);
  });
  it('refuses float64 data, int32 tensors and a name used twice', () => {
    const wide = { ...good, 'b.gain': { shape: [], data: new Float64Array(1) } } as unknown as StateDict;
    expect(() => fromStateDict(spec, wide)).toThrow(/b\.gain.*Float64Array/);
    const gain = tf.scalar(1, 'int32');
    expect(() => toStateDict([{ name: 'g', shape: [], kind: 'gain' }], { g: gain })).toThrow(
      /g to be float32, got int32/,
    );
    expect(() => toStateDict([{ name: 'x', shape: [], kind: 'gain' }], { g: gain })).toThrow(/none named x/);
    gain.dispose();
    expect(() => fromStateDict([...spec, ...spec], good)).toThrow(/a\.weight twice/);
  });
});
