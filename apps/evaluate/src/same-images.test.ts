import '@tensorflow/tfjs';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepPrinted } from '@edm2/app-kit/command/printed.fixture';
import { open } from 'edm2';
import { decode } from 'fast-png';
import { afterAll, expect, test } from 'vitest';
import { runProgram } from './program.js';
import { writeRun } from './run.fixture.js';

const scratch = mkdtempSync(join(tmpdir(), 'edm2-same-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const at = (...names: string[]): string => join(scratch, ...names);
const printed = keepPrinted();

// Whoever moves from the command to the library, or back, finds the same images: to the last bit.
test.each([
  ['a snapshot', 'run/network-snapshot-0000002-0.100.safetensors', {}, []],
  ['a length that was not stored', 'run', { sigmaRel: 0.07 }, ['--sigma-rel', '0.07']],
] as const)('the library draws what generate draws, of %s', async (name, net, options, argv) => {
  if (!readdirSync(scratch).includes('run')) await writeRun(scratch);
  const [seeds, outdir] = [[0, 1, 2, 40], at(name)];
  const fast = ['--engine', 'onnxruntime', '--threads', '1', '--steps', '4', '--seeds', '0-2,40'];
  expect(await runProgram(['generate', ...fast, ...argv, '--net', at(net), '--outdir', outdir]), printed.text).toBe(0);
  const model = await open(at(net), { engine: 'onnxruntime', threads: 1, ...options });
  const paths = await model.saveImages(at(`${name} too`), { seeds, steps: 4 });
  model.dispose();
  for (const path of paths) {
    const [ours, theirs] = [path, join(outdir, path.slice(-10))].map((file) => decode(readFileSync(file)).data);
    expect(new Set(ours).size).toBeGreaterThan(10);
    expect(ours, path).toEqual(theirs);
  }
});
