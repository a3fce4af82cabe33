import '@tensorflow/tfjs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDataset } from '@edm2/dataset';
import { createLatentNormalizer, measureRawStatistics, splitRawLatents } from '@edm2/latent-vae';
import { loadRawStatistics, saveRawStatistics } from '@edm2/latent-vae/node';
import { draw, goldenPath } from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let folder = '';
beforeAll(async () => {
  await tf.setBackend('cpu');
  folder = await mkdtemp(join(tmpdir(), 'raw-statistics-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Posteriors of an encoded dataset, one at a time. */
async function* posteriors() {
  const dataset = await openDataset(goldenPath('dataset-tiny-sd.zip'));
  for (let i = 0; i < dataset.length; i++) {
    const { resolution: side, channels } = dataset;
    const raw = tf.tensor(await dataset.read(i), [side, side, channels], 'float32');
    const { mean, std } = splitRawLatents(raw);
    yield { mean, std };
    tf.dispose([raw, mean, std]);
  }
  await dataset.close();
}

/** Two-pass sums over everything at once. */
async function everything() {
  const means: number[][] = [[], [], [], []];
  const stds: number[][] = [[], [], [], []];
  for await (const { mean, std } of posteriors()) {
    for (const [i, value] of mean.dataSync().entries()) means[i % 4]?.push(value);
    for (const [i, value] of std.dataSync().entries()) stds[i % 4]?.push(value);
  }
  const average = (list: number[]) => list.reduce((total, value) => total + value, 0) / list.length;
  const mean = means.map(average);
  const variance = means.map((list, c) => average(list.map((value) => (value - (mean[c] ?? 0)) ** 2)));
  const noise = stds.map((list) => average(list.map((value) => value ** 2)));
  return { mean, variance, noise };
}

const closeTo = (actual: readonly number[], expected: readonly number[]): void => {
  expect(actual).toHaveLength(expected.length);
  for (const [c, value] of expected.entries()) expect(actual[c]).toBeCloseTo(value, 9);
};

describe('measureRawStatistics', () => {
  it('streams a dataset, and standardises it to 0 and 0.5', async () => {
    const progress: number[] = [];
    const before = tf.memory().numTensors;
    const measured = await measureRawStatistics(posteriors(), { onProgress: (pixels) => progress.push(pixels) });
    expect(tf.memory().numTensors).toBe(before);
    const { mean, variance, noise } = await everything();
    closeTo(measured.rawMean, mean);
    closeTo(
      measured.rawStd,
      variance.map((v, c) => Math.sqrt(v + (noise[c] ?? 0))),
    );
    closeTo(measured.meanOnlyStd, variance.map(Math.sqrt));
    closeTo(
      measured.noiseShare,
      noise.map((n, c) => n / (n + (variance[c] ?? 0))),
    );
    expect(progress).toEqual([64, 128, 192, 256, 320]);
    expect(measured.pixels).toBe(320);

    const normalizer = createLatentNormalizer(measured);
    const seen: tf.Tensor[] = [];
    for await (const { mean: m, std } of posteriors())
      seen.push(normalizer.toLatents(m, std, draw(seen.length, [8, 8, 4])));
    const moments = tf.moments(tf.stack(seen), [0, 1, 2]);
    // 320 pixels: drawn noise moves a mean by 0.03 and a variance of 0.25 by 0.02, once in three.
    for (const value of moments.mean.dataSync()) expect(Math.abs(value)).toBeLessThan(0.1);
    for (const value of moments.variance.dataSync()) expect(Math.abs(value - 0.25)).toBeLessThan(0.1);
  });

  it('takes the means alone when asked: then they have a deviation of exactly 0.5', async () => {
    const measured = await measureRawStatistics(posteriors(), { meanOnly: true });
    expect(measured.rawStd).toEqual(measured.meanOnlyStd);
    const normalizer = createLatentNormalizer(measured);
    const seen: tf.Tensor[] = [];
    for await (const { mean } of posteriors()) seen.push(normalizer.toLatents(mean));
    for (const value of tf.moments(tf.stack(seen), [0, 1, 2]).variance.dataSync()) expect(value).toBeCloseTo(0.25, 5);
  });

  it('does not mind how the data is cut, far from zero', async () => {
    const x = tf.add(draw(1, [64, 2]), 1e4);
    const std = tf.fill([64, 2], 0.5);
    const batch = (begin: number, count: number) => ({
      mean: tf.slice(x, [begin], [count]),
      std: tf.slice(std, [begin], [count]),
    });
    const whole = await measureRawStatistics([batch(0, 64)]);
    const cut = await measureRawStatistics([batch(40, 24), batch(0, 1), batch(1, 39)]);
    closeTo(cut.rawMean, whole.rawMean);
    closeTo(cut.rawStd, whole.rawStd);
    closeTo(cut.noiseShare, whole.noiseShare);
  });

  it('refuses nothing, misfits, NaN and constants; stops when asked', async () => {
    const ok = { mean: draw(1, [4, 2]), std: tf.ones([4, 2]) };
    await expect(measureRawStatistics([])).rejects.toThrow(/at least one latent/);
    await expect(measureRawStatistics([{ ...ok, std: tf.ones([4, 1]) }])).rejects.toThrow(/std of the shape of mean/);
    const wider = { mean: tf.ones([4, 3]), std: tf.ones([4, 3]) };
    await expect(measureRawStatistics([ok, wider])).rejects.toThrow(/2 channels in every batch/);
    const broken = { mean: tf.fill([4, 2], Number.NaN), std: ok.std };
    await expect(measureRawStatistics([ok, broken])).rejects.toThrow(/finite values/);
    const flat = { mean: tf.ones([4, 2]), std: tf.zeros([4, 2]) };
    await expect(measureRawStatistics([flat])).rejects.toThrow(/channels that change/);
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(measureRawStatistics([ok], { signal })).rejects.toThrow('enough');
  });
});

describe('saveRawStatistics', () => {
  it('keeps them in a folder or beside a zip', async () => {
    const measured = await measureRawStatistics([{ mean: draw(1, [4, 2]), std: tf.ones([4, 2]) }]);
    expect(await saveRawStatistics(folder, measured)).toBe(join(folder, 'raw-statistics.json'));
    const zip = join(folder, 'latents.zip');
    await saveRawStatistics(zip, { ...measured, pixels: 7 });
    expect(await readdir(folder)).toEqual(['latents.raw-statistics.json', 'raw-statistics.json']);
    expect(await loadRawStatistics(folder)).toEqual(measured);
    expect(await loadRawStatistics(zip)).toEqual({ ...measured, pixels: 7 });
  });
  it('says whose they are, and refuses those of another autoencoder', async () => {
    const measured = await measureRawStatistics([{ mean: draw(1, [4, 2]), std: tf.ones([4, 2]) }]);
    const [a, b] = ['a', 'b'].map((digit) => digit.repeat(64));
    await saveRawStatistics(folder, measured, { vae: 'sdxl-vae', sha256: a });
    expect(await loadRawStatistics(folder, { sha256: a })).toEqual(measured);
    expect(await loadRawStatistics(folder)).toEqual(measured);
    await expect(loadRawStatistics(folder, { vae: 'mine', sha256: b })).rejects.toThrow(
      /statistics of mine \(SHA-256 of its weights bbbbbbbbbbbb…\), got those of sdxl-vae \(.* aaaaaaaaaaaa…\)\. Measure/,
    );
    // Files from before they said so are taken.
    await saveRawStatistics(folder, measured);
    expect(await loadRawStatistics(folder, { sha256: b })).toEqual(measured);
  });
  it.each(['', '{}', '{"rawMean":[1],"rawStd":[]}', '{"rawMean":[]'])('refuses %j', async (text) => {
    await writeFile(join(folder, 'raw-statistics.json'), text);
    await expect(loadRawStatistics(folder)).rejects.toThrow(/raw-statistics\.json to hold measured statistics/);
  });
});
