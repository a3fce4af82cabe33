import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromFloat32, type TensorData, toFloat32 } from '@edm2/tensor-files';
import { describe, expect, it, onTestFinished } from 'vitest';
import { BATCH_FILES, createAccumulator, type Sums } from './accumulator.js';
import type { EncodedDtype } from './encode-kernels.js';
import type { FloatDtype } from './float-type.js';

const everyHalf = Uint16Array.from({ length: 1 << 16 }, (_, bits) => bits);

interface Stored {
  readonly dtype: FloatDtype;
  readonly files: readonly TensorData[];
  /** Per file, for each sum. */
  readonly weights: readonly (readonly number[])[];
}

/** Sums of batches of at most eight files each, in the order given. */
async function sumsOf(
  batches: readonly Stored[],
  { threads = 0, encodeAs, at = 0 }: { threads?: number; encodeAs?: EncodedDtype; at?: number } = {},
): Promise<Sums[]> {
  const accumulator = createAccumulator(batches[0]?.weights[0]?.length ?? 0, threads);
  onTestFinished(accumulator.close);
  const length = batches[0]?.files[0]?.length ?? 0;
  accumulator.begin(at);
  for (const [i, { dtype, files, weights }] of batches.entries()) {
    const batch = await accumulator.batch();
    files.forEach(({ buffer, byteOffset, byteLength }, f) => {
      batch.bytes(f, byteLength).set(new Uint8Array(buffer, byteOffset, byteLength));
    });
    const isLast = i === batches.length - 1;
    await batch.addTo(at, { dtype, length, weights, encodeAs: isLast ? encodeAs : undefined });
  }
  return accumulator.sums(at, length, encodeAs);
}

/** A float64 array of its own, as what tests compare must not be views of a shared memory. */
const plain = (sums: readonly Sums[]): number[][] => sums.map((sum) => [...sum]);

describe('createAccumulator', () => {
  it.each(['F16', 'BF16'] as const)('decodes every %s there is', async (dtype) => {
    const [sum] = await sumsOf([{ dtype, files: [everyHalf], weights: [[1]] }]);
    // Sums begin at +0, so that −0 becomes +0. Float16's quick kernel takes an infinity for NaN.
    const known = (value: number) => (dtype === 'F16' && !Number.isFinite(value) ? Number.NaN : value + 0);
    expect([...(sum ?? [])]).toEqual(Array.from(toFloat32(everyHalf, dtype), known));
    // Weights beyond its range are the other kernel's.
    const [large] = await sumsOf([{ dtype, files: [everyHalf], weights: [[2 ** 20]] }]);
    expect([...(large ?? [])]).toEqual(Array.from(toFloat32(everyHalf, dtype), (value) => value * 2 ** 20 + 0));
  });

  it.each([
    [1, 0],
    [3, 0],
    [4, 1],
    [5, 2],
    [31, 2],
    [64, 0],
  ])('adds in float64, %s values on %s threads, sums beyond one kernel’s', async (length, threads) => {
    const numbers = (file: number) => Float64Array.from({ length }, (_, i) => Math.sin(i + 1 + 7 * file));
    const narrow = (file: number) => Float32Array.from(numbers(file));
    const stored: Record<FloatDtype, (file: number) => TensorData> = {
      F64: numbers,
      F32: narrow,
      F16: (file) => fromFloat32(narrow(file), 'F16'),
      BF16: (file) => fromFloat32(narrow(file), 'BF16'),
    };
    const count = 7;
    const batches = (['F32', 'F16', 'BF16', 'F64'] as const).map((dtype, b): Stored => {
      const files = Array.from({ length: b === 1 ? BATCH_FILES : b + 1 }, (_, f) => stored[dtype](10 * b + f));
      const weights = files.map((_, f) => Array.from({ length: count }, (_, k) => Math.cos(f + 3 * k) * 10 ** (k - 3)));
      return { dtype, files, weights };
    });
    const expectedOf = (some: readonly Stored[]): number[][] => {
      const sums = Array.from({ length: count }, () => new Array<number>(length).fill(0));
      for (const { dtype, files, weights } of some)
        for (const [f, file] of files.entries()) {
          const values = file instanceof Float64Array ? file : toFloat32(file, dtype);
          for (const [k, sum] of sums.entries())
            for (let i = 0; i < length; i++) sum[i] = (sum[i] ?? 0) + (weights[f]?.[k] ?? 0) * (values[i] ?? 0);
        }
      return sums;
    };
    const expected = expectedOf(batches);
    // Exactly, but for what float16 has summed in float32: eight terms of at most 1000.
    const sums = plain(await sumsOf(batches, { threads, at: 1 }));
    for (const [k, sum] of sums.entries())
      for (const [i, value] of sum.entries())
        expect(Math.abs(value - (expected[k]?.[i] ?? Number.NaN))).toBeLessThan(8 * 2 ** -23 * 10 ** (k - 3));
    const exact = batches.filter(({ dtype }) => dtype !== 'F16');
    expect(plain(await sumsOf(exact, { threads }))).toEqual(expectedOf(exact));
  });

  it('begins anew at a place that was used', async () => {
    const accumulator = createAccumulator(1, 0);
    for (const value of [Number.NaN, 2]) {
      accumulator.begin(0);
      const batch = await accumulator.batch();
      batch.bytes(0, 32).set(new Uint8Array(new Float64Array(4).fill(value).buffer));
      await batch.addTo(0, { dtype: 'F64', length: 4, weights: [[3]] });
      expect([...(accumulator.sums(0, 4)[0] ?? [])]).toEqual(new Array(4).fill(3 * value));
    }
    accumulator.begin(0);
    expect([...(accumulator.sums(0, 2)[0] ?? [])]).toEqual([0, 0]);
  });

  it('rounds every float16, the ties between them and their neighbours as tensor-files does', async () => {
    const halves = toFloat32(everyHalf, 'F16').filter((value) => Number.isFinite(value));
    const ties = halves.map((value, i) => (value + (halves[i + 1] ?? value)) / 2);
    const ulp = 2 ** -23;
    const special = [Number.NaN, Infinity, -Infinity, 65504, 65519.99, 65520, 65536, 1e30, 1e-8, 2 ** -25, 3e-45];
    const all = [halves, ties, ties.map((v) => v * (1 + ulp)), ties.map((v) => v * (1 - ulp))];
    for (const values of [...all, Float32Array.from(special)]) {
      // A kernel takes 1/4 of what a room holds of float16 at a time here.
      for (let begin = 0; begin < values.length; begin += 1 << 14) {
        const some = values.map((value) => value + 0).slice(begin, begin + (1 << 14));
        const [half] = await sumsOf([{ dtype: 'F32', files: [some], weights: [[1]] }], { encodeAs: 'F16' });
        expect(Uint16Array.from(half ?? [])).toEqual(fromFloat32(some, 'F16'));
        const [single] = await sumsOf([{ dtype: 'F32', files: [some], weights: [[1]] }], { encodeAs: 'F32' });
        expect(Float32Array.from(single ?? [])).toEqual(some);
      }
    }
  });

  it('has threads read files, and says when one ends too early', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'phema-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    await writeFile(join(folder, 'a'), new Uint8Array(Float32Array.of(9, 1, 2, 3).buffer));
    const file = await open(join(folder, 'a'));
    onTestFinished(() => file.close());
    const accumulator = createAccumulator(2, 1);
    onTestFinished(accumulator.close);
    expect(accumulator.reads).toBe(true);
    const read = async (position: number) => {
      accumulator.begin(0);
      const places = [{ fd: file.fd, position }];
      await (await accumulator.batch()).addTo(0, { dtype: 'F32', length: 3, weights: [[2, -1]], places });
      return plain(accumulator.sums(0, 3));
    };
    expect(await read(4)).toEqual([
      [2, 4, 6],
      [-1, -2, -3],
    ]);
    // More often than there is room for, so that all of it must be given back.
    for (let i = 0; i < 6; i++) await expect(read(8)).rejects.toThrow(/shorter/);
    expect(await read(0)).toEqual([
      [18, 2, 4],
      [-9, -1, -2],
    ]);
  });
});
