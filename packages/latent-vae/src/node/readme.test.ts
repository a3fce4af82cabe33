import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readLatentMetadata } from '@edm2/latent-vae';
import { goldenPath } from '@edm2/test-support';
import { expect, it } from 'vitest';
import { TINY } from '../golden-vae.fixture.js';

it('the README’s example is the file that runs here', async () => {
  const code = await readFile(fileURLToPath(new URL('./readme-example.ts', import.meta.url)), 'utf8');
  const readme = await readFile(fileURLToPath(new URL('../../README.md', import.meta.url)), 'utf8');
  expect(readme).toContain(code.replaceAll('export ', '').trim());

  const home = process.cwd();
  const folder = await mkdtemp(join(tmpdir(), 'latent-vae-readme-'));
  await cp(TINY, join(folder, 'sd-vae-ft-mse'), { recursive: true });
  await cp(goldenPath('dataset-tiny-sd.zip'), join(folder, 'latents.zip'));
  process.chdir(folder);
  try {
    const { again, kept, latents, metadata, own, statistics, tiled, wide } = await import('./readme-example.js');
    expect([latents.shape, again.shape, wide.shape, tiled.shape]).toEqual([
      [5, 8, 8, 4],
      [5, 64, 64, 3],
      [1, 128, 384, 3],
      [1, 128, 384, 3],
    ]);
    for (const value of again.dataSync()) expect(Number.isInteger(value) && value >= 0 && value <= 255).toBe(true);
    expect(statistics.pixels).toBe(320);
    expect(await readdir(folder)).toContain(kept);
    expect(readLatentMetadata(metadata)).toEqual({ vae: 'sd-vae-ft-mse', normalizer: own.options });
  } finally {
    process.chdir(home);
    await rm(folder, { recursive: true });
  }
});
