import '@tensorflow/tfjs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';

it('the README’s example is the file that runs here', async () => {
  const code = await readFile(fileURLToPath(new URL('./readme-example.ts', import.meta.url)), 'utf8');
  const readme = await readFile(fileURLToPath(new URL('../../README.md', import.meta.url)), 'utf8');
  expect(readme).toContain(code.replaceAll('export ', '').trim());

  const home = process.cwd();
  const folder = await mkdtemp(join(tmpdir(), 'edm2-unet-readme-'));
  await tf.setBackend('cpu');
  process.chdir(folder);
  try {
    const { again, clean, size, unet } = await import('./readme-example.js');
    expect(size).toBe('722411 parameters, 0.08 Gflops an image');
    expect(clean.shape).toEqual([2, 16, 16, 1]);
    expect(again.unet.config).toEqual(unet.config);
    expect(again.metadata['note']).toBe('untrained');
  } finally {
    process.chdir(home);
    await rm(folder, { recursive: true });
  }
});
