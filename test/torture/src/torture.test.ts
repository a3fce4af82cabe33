import '@tensorflow/tfjs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { encode } from './subjects/encode.js';
import { convert } from './subjects/evaluate.js';
import { full } from './torments/full.js';
import { killed } from './torments/kill.js';
import { two } from './torments/two.js';
import { know } from './trial.js';

const scratch = mkdtempSync(join(tmpdir(), 'edm2-torture-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

// A few of what `npm run torture` does by the hundred. The commands are bundles, made by `npm run build`.
describe.skipIf(!process.env['TEST_BUILT'])('commands that are tormented', () => {
  test('convert, killed and on a full disk, ends with the same file', async () => {
    const known = await know(convert, join(scratch, 'convert'));
    expect(known.operations).toBeGreaterThan(20);
    const kill = await killed(known, { kills: 2, seed: 1 });
    expect(kill.faults).toEqual([]);
    expect(Object.values(kill.done).reduce((a, b) => a + b, 0)).toBe(2);
    expect((await full(known, { times: 2, seed: 1 })).faults).toEqual([]);
  });

  test('encode, killed and started twice, ends with the same latents', async () => {
    const known = await know(encode, join(scratch, 'encode'));
    expect((await killed(known, { kills: 2, seed: 2 })).faults).toEqual([]);
    expect((await two(known, { times: 1, seed: 2 })).faults).toEqual([]);
  });
});
