import '@tensorflow/tfjs';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepPrinted } from '@edm2/app-kit/command/printed.fixture';
import { SWITCH_NAMES } from '@edm2/edm2-unet';
import { encode } from 'fast-png';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runProgram } from '../program.js';
import { buildNetwork } from '../run/network.js';
import { runConfigSchema } from './run-config.js';

const scratch = mkdtempSync(join(tmpdir(), 'edm2-switch-'));
const data = join(scratch, 'data');
beforeAll(() => {
  mkdirSync(data);
  for (let i = 0; i < 8; i++) {
    const pixels = Uint8Array.from({ length: 64 }, (_, p) => (p * 7 + i * 13) % 256);
    writeFileSync(join(data, `${i}.png`), encode({ width: 8, height: 8, channels: 1, depth: 8, data: pixels }));
  }
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const printed = keepPrinted();
const run = (...argv: string[]): Promise<number> => runProgram(['--data', data, ...argv]);

/** The network of what a dry run prints. */
async function network(...argv: string[]) {
  expect(await run(...argv, '--dry-run'), printed.text).toBe(0);
  const { unet } = buildNetwork(runConfigSchema.parse(JSON.parse(printed.text)));
  printed.text = '';
  return unet;
}

test('a switch, or several, reaches the network that a run builds; the rest stays the config’s', async () => {
  const plain = await network('--config', 'G');
  const unet = await network('--config', 'G', '--switch', 'attention=dot-product', '--switch', 'noiseLayers=2');
  expect(unet.vocabulary).toEqual({
    ...plain.vocabulary,
    attentionNorm: (await network('--config', 'A')).vocabulary.attentionNorm,
    qkvNorm: (await network('--config', 'A')).vocabulary.qkvNorm,
    noiseLayers: 2,
  });
  expect((await network('--config', 'C', '--switch', 'forcedWeightNorm=true')).vocabulary.forcedWeightNorm).toBe(true);
  expect((await network('--config', 'C')).vocabulary.forcedWeightNorm).toBe(false);
});

test.each([
  ['an unknown name', 'biases=true', `Expected name=value with a name of ${SWITCH_NAMES.join(', ')}.`],
  ['no value', 'bias', `Expected name=value with a name of ${SWITCH_NAMES.join(', ')}.`],
  ['an unknown value', 'attention=cosin', 'Expected attention as one of dot-product, cosine.'],
  ['no truth value', 'bias=1', 'Expected bias as one of true, false.'],
])('%s is one error that lists what there is, and nothing is written', async (_, text, message) => {
  const outdir = join(scratch, 'not-written');
  expect(await run('--outdir', outdir, '--duration', '1000', '--switch', text)).toBe(2);
  expect(printed.text.trim()).toBe(`error: option '--switch <name=value>' argument '${text}' is invalid. ${message}`);
  expect(existsSync(outdir)).toBe(false);
});

test('switches that do not go together are refused with what to set besides', async () => {
  expect(await run('--config', 'E', '--switch', 'block=edm2', '--dry-run')).toBe(2);
  expect(printed.text).toMatch(/--switch: expected block 'edm2' with groupNorm 'none'.*set groupNorm too/);
});
