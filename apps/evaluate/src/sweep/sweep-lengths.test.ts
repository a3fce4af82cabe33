import '@tensorflow/tfjs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { score } from '@edm2/app-scoring/scores/score';
import { openAverages } from '@edm2/app-scoring/sweep/averages';
import { scoreOf } from '@edm2/app-scoring/sweep/result';
import { memoryStore } from '@edm2/app-scoring/sweep/store';
import { sweepLengths } from '@edm2/app-scoring/sweep/sweep-lengths';
import { startEngine } from '@edm2/engine';
import { gridClass, loadClassifier, openDenoiser, readReference, sampleAll } from 'edm2/parts';
import { afterAll, expect, test } from 'vitest';
import { writeRun } from '../run.fixture.js';

const folder = mkdtempSync(join(tmpdir(), 'edm2-lengths-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a sweep over lengths scores the images of each average, keeps the best, and looks for nothing twice', async () => {
  await writeRun(folder);
  const engine = await startEngine('onnxruntime', { threads: 1 });
  const network = await loadClassifier(join(folder, 'classifier.safetensors'), engine.engine);
  const reference = await readReference(join(folder, 'reference.safetensors'), network);
  const run = join(folder, 'run');
  const averages = await openAverages(run, run, { folder: join(folder, 'ema') });
  const { signal } = new AbortController();
  const [seed, num, steps] = [100, 12, 2];
  const drawn: number[] = [];
  const store = memoryStore();
  const sweep = (lengths: readonly number[]) =>
    sweepLengths({
      lengths,
      averages,
      engine,
      network,
      reference,
      settings: { steps },
      classOf: (labelDim) => gridClass(labelDim, 10),
      batch: 5,
      seed,
      num,
      store,
      onProgress: (done) => drawn.push(done),
      signal,
    });
  const lengths = [0.07, 0.05];
  const { results, best } = await sweep(lengths);

  const expected = [];
  for (const [sigmaRel, path] of await averages.prepare(lengths, signal)) {
    const main = await openDenoiser(path, engine);
    const classOf = gridClass(main.config.labelDim, 10);
    const seeds = Array.from({ length: num }, (_, i) => seed + i);
    const images = await sampleAll({ ...main, seeds, classOf, settings: { steps }, batch: 5, signal });
    expected.push({ sigmaRel, ...(await score(network, reference, images, (i) => classOf(seed + i))) });
    main.dispose();
  }
  expect(results.map((result) => ({ sigmaRel: result.point.sigmaRel, ...scoreOf(result) }))).toEqual(expected);
  expect(expected[0]?.frechet).not.toBe(expected[1]?.frechet);
  expect(scoreOf(best).frechet).toBe(Math.min(...expected.map(({ frechet }) => frechet)));

  drawn.length = 0;
  const again = await sweep([...lengths, 0.1]);
  expect(again.results.slice(0, 2)).toEqual(results);
  expect(Math.max(...drawn)).toBe(num);
  network.dispose();
});
