import { expect, test } from 'vitest';
import { fnv1a, formulaTensor, readGoldenJson } from './formula.fixture.js';

interface Vector {
  readonly shape: number[];
  readonly fnv1a: number;
  readonly first_float32: number[];
  readonly last_float32: number;
  readonly sum_float64: number;
}

const { vectors }: { vectors: Record<string, Vector> } = readGoldenJson('formula-vectors.json');

test.each(Object.entries(vectors))('the formula’s weights of %s are those of the golden files', (key, vector) => {
  const values = formulaTensor(key, vector.shape);
  expect(fnv1a(`edm2ts:${key}`)).toBe(vector.fnv1a);
  expect(Array.from(values.subarray(0, 8))).toEqual(vector.first_float32);
  expect(values.at(-1)).toBe(vector.last_float32);
  expect(values.reduce((sum, value) => sum + value, 0)).toBeCloseTo(vector.sum_float64, 9);
});
