import { type Batch, createLoader, type Dataset, DatasetError } from '@edm2/dataset';
import { createRandom } from '@edm2/random';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

/** `length` images of 2×2×1 whose pixels are their index, classes index mod 3. Counts what is read. */
function numbers(length: number, options: { delay?: number; broken?: number } = {}) {
  const counts = { reads: 0, open: 0, peak: 0 };
  const dataset: Dataset = {
    path: 'numbers',
    kind: 'folder',
    length,
    sourceLength: length,
    resolution: 2,
    channels: 1,
    dtype: 'uint8',
    labelDim: 3,
    labelKind: 'class',
    classNames: [],
    fingerprint: '',
    read: async (index) => {
      counts.reads++;
      counts.peak = Math.max(counts.peak, ++counts.open);
      await new Promise((resolve) => setTimeout(resolve, options.delay ?? 0));
      counts.open--;
      if (index === options.broken) {
        const text = { file: 'x', expected: 'an image', got: 'none', remedy: 'Fix it' };
        throw new DatasetError({ code: 'corrupt-image', where: 'read', ...text });
      }
      return new Uint8Array(4).fill(index);
    },
    label: (index) => Float32Array.from({ length: 3 }, (_, c) => Number(c === index % 3)),
    classOf: (index) => index % 3,
    name: String,
    close: async () => {},
  };
  return { dataset, counts };
}

const take = async (loader: AsyncIterator<Batch, undefined>, count: number): Promise<Batch[]> => {
  const batches: Batch[] = [];
  for (let i = 0; i < count; i++) {
    const { value } = await loader.next();
    if (!value) break;
    batches.push(value);
  }
  return batches;
};
const indicesOf = (batches: readonly Batch[]): number[] => batches.flatMap(({ indices }) => [...indices]);

describe('createLoader', () => {
  it('visits every image once an epoch, in another order each epoch and seed', async () => {
    const { dataset } = numbers(20);
    const sequence = indicesOf(await take(createLoader(dataset, { batch: 8, seed: 3 }), 5));
    const [first, second] = [sequence.slice(0, 20), sequence.slice(20)];
    const sorted = Array.from({ length: 20 }, (_, i) => i);
    expect([...first].sort((a, b) => a - b)).toEqual(sorted);
    expect([...second].sort((a, b) => a - b)).toEqual(sorted);
    expect(second).not.toEqual(first);
    expect(first).not.toEqual(sorted);
    expect(indicesOf(await take(createLoader(dataset, { batch: 8, seed: 4 }), 5))).not.toEqual(sequence);
  });

  it('takes each epoch from its stream of the seed: runs that were stopped rely on it', async () => {
    const { dataset } = numbers(9);
    const sequence = indicesOf(await take(createLoader(dataset, { batch: 9, seed: 5, startImage: 18 }), 2));
    const random = createRandom(5);
    expect(sequence).toEqual([2, 3].flatMap((epoch) => [...random.stream('epoch', epoch).permutation(9)]));
  });

  it('starts anywhere in the same sequence, whatever the batch and the reading ahead', async () => {
    const { dataset } = numbers(11);
    const whole = indicesOf(await take(createLoader(dataset, { batch: 50, seed: 7 }), 2));
    await fc.assert(
      fc.asyncProperty(fc.nat(60), fc.integer({ min: 1, max: 13 }), fc.nat(4), async (startImage, batch, prefetch) => {
        const batches = await take(createLoader(dataset, { batch, seed: 7, startImage, prefetch }), 3);
        expect(indicesOf(batches)).toEqual(whole.slice(startImage, startImage + 3 * batch));
        expect(batches.map((b) => b.startImage)).toEqual([0, 1, 2].map((i) => startImage + i * batch));
      }),
      { numRuns: 40, seed: 1 },
    );
  });

  it('hands out images, one-hot labels and indices that belong together', async () => {
    const { dataset } = numbers(10, { delay: 1 });
    const [batch] = await take(createLoader(dataset, { batch: 4, startImage: 5 }), 1);
    expect(batch?.shape).toEqual([4, 2, 2, 1]);
    for (const [i, index] of (batch?.indices ?? []).entries()) {
      expect([...(batch?.images.subarray(4 * i, 4 * i + 4) ?? [])]).toEqual([index, index, index, index]);
      expect(batch?.labels.subarray(3 * i, 3 * i + 3)[index % 3]).toBe(1);
    }
    expect(batch?.labels.reduce((a, b) => a + b)).toBe(4);
  });

  it('ends at endImage with a smaller batch; without shuffle in stored order', async () => {
    const { dataset } = numbers(5);
    const batches = [];
    for await (const batch of createLoader(dataset, { batch: 4, endImage: 7, shuffle: false })) batches.push(batch);
    expect(batches.map((b) => [...b.indices])).toEqual([
      [0, 1, 2, 3],
      [4, 0, 1],
    ]);
  });

  it('reads ahead, but no further than asked, and not before the first next()', async () => {
    const { dataset, counts } = numbers(100, { delay: 1 });
    const loader = createLoader(dataset, { batch: 40, prefetch: 1 });
    expect(counts.reads).toBe(0);
    await loader.next();
    // Until it has read ahead, however busy the machine; then long enough to see it read more.
    while (counts.reads < 80) await new Promise((resolve) => setTimeout(resolve, 1));
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(counts.reads).toBe(80);
    expect(counts.peak).toBeLessThanOrEqual(32);
    await loader.return?.();
    expect(await loader.next()).toEqual({ done: true, value: undefined });
    expect(counts.reads).toBe(80);
  });

  it('gives overlapping calls consecutive batches', async () => {
    const { dataset } = numbers(30);
    const loader = createLoader(dataset, { batch: 3, prefetch: 0 });
    const results = await Promise.all([loader.next(), loader.next(), loader.next()]);
    expect(results.map(({ value }) => value?.startImage)).toEqual([0, 3, 6]);
  });

  it('rejects on abort and stops reading', async () => {
    const { dataset, counts } = numbers(1000, { delay: 2 });
    const controller = new AbortController();
    const loader = createLoader(dataset, { batch: 64, signal: controller.signal });
    await loader.next();
    const waiting = loader.next();
    controller.abort(new Error('enough'));
    await expect(Promise.all([waiting, loader.next()])).rejects.toThrow('enough');
    const { reads } = counts;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(counts.reads - reads).toBeLessThanOrEqual(0);
  });

  it('reports a bad image once, then has ended; reading ahead raises nothing by itself', async () => {
    const { dataset } = numbers(8, { broken: 6 });
    const loader = createLoader(dataset, { batch: 4, shuffle: false });
    expect((await loader.next()).value?.startImage).toBe(0);
    await new Promise((resolve) => setTimeout(resolve, 10));
    await expect(loader.next()).rejects.toThrow(DatasetError);
    expect((await loader.next()).done).toBe(true);
  });

  it.each([
    { batch: 0 },
    { batch: 1.5 },
    { batch: 1, startImage: -1 },
    { batch: 1, prefetch: Number.NaN },
    { batch: 1, startImage: 5, endImage: 4 },
  ])('refuses %o', (options) => {
    expect(() => createLoader(numbers(3).dataset, options)).toThrow(RangeError);
  });
});
