import '@tensorflow/tfjs';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Averages, openAverages } from '@edm2/app-scoring/sweep/averages';
import { tensorGroups } from '@edm2/app-scoring/sweep/tensor-groups';
import { openSnapshots } from '@edm2/phema/node';
import { readSafetensors } from '@edm2/tensor-files';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeRun } from '../run.fixture.js';

const scratch = mkdtempSync(join(tmpdir(), 'edm2-averages-'));
const { signal } = new AbortController();
let averages: Averages;
beforeAll(async () => {
  await writeRun(scratch);
  averages = await openAverages(join(scratch, 'run'), scratch);
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Bytes of every tensor, as text to compare. */
async function tensorsOf(path: string): Promise<Map<string, string>> {
  const file = await readSafetensors(path);
  const found = new Map<string, string>();
  for (const name of averages.tensors.keys()) {
    const { data } = await file.read(name);
    found.set(name, Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'));
  }
  await file.close();
  return found;
}

test('of a mixed average the tensors named are bitwise of their own length, all others bitwise of theirs', async () => {
  const made = await averages.prepare([0.06, 0.15], signal);
  const [long, short] = [await tensorsOf(made.get(0.15) ?? ''), await tensorsOf(made.get(0.06) ?? '')];
  const pattern = '*.conv_res0.*,*.emb_noise.*';
  const named = new Set(tensorGroups([pattern], averages.tensors)[0]?.names);
  expect(named.size).toBeGreaterThan(2);
  expect(named.size).toBeLessThan(averages.tensors.size);
  const { path, make } = averages.mixed(0.15, { tensors: pattern, sigmaRel: 0.06 });
  expect(existsSync(path)).toBe(false);
  await make(signal);
  const mixed = await tensorsOf(path);
  for (const name of averages.tensors.keys()) {
    expect(mixed.get(name), name).toBe((named.has(name) ? short : long).get(name));
    if (named.has(name)) expect(mixed.get(name), name).not.toBe(long.get(name));
  }
  // Other tensors or lengths are other files.
  const others = [
    averages.mixed(0.15, { tensors: pattern, sigmaRel: 0.07 }),
    averages.mixed(0.1, { tensors: pattern, sigmaRel: 0.06 }),
    averages.mixed(0.15, { tensors: '*.conv_res0.*', sigmaRel: 0.06 }),
  ];
  expect(new Set([path, ...others.map((each) => each.path)]).size).toBe(4);
});

test('a snapshot that vanishes while averages are made is an error, and no average of fewer is kept', async () => {
  const name = 'network-snapshot-0000001-0.100.safetensors';
  const from = join(scratch, 'run', name);
  const before = readFileSync(from);
  const known = await openAverages(join(scratch, 'run'), join(scratch, 'vanished'));
  rmSync(from);
  await expect(known.prepare([0.07], signal)).rejects.toThrow(
    /expected the 4 snapshots that were there at first, got 3/,
  );
  writeFileSync(from, before);
  const made = await known.prepare([0.07], signal);
  const whole = await (await openAverages(join(scratch, 'run'), join(scratch, 'whole'))).prepare([0.07], signal);
  expect(await tensorsOf(made.get(0.07) ?? '')).toEqual(await tensorsOf(whole.get(0.07) ?? ''));
});

test('averages of an earlier time take the snapshots up to it, and are not refused for those that came later', async () => {
  const set = await openSnapshots(join(scratch, 'run'));
  await set.close();
  const [first = 0] = set.times;
  expect(set.times.length).toBeGreaterThan(1);
  const earlier = await openAverages(join(scratch, 'run'), join(scratch, 'earlier'), { t: first, force: true });
  expect(earlier.t).toBe(first);
  expect(existsSync((await earlier.prepare([0.05], signal)).get(0.05) ?? '')).toBe(true);
});
