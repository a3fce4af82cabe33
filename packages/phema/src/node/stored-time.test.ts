import { join } from 'node:path';
import { openSnapshots, reconstructFiles, selectSnapshots } from '@edm2/phema/node';
import { describe, expect, it } from 'vitest';
import { runPhema } from './cli/program.js';
import { names, scratch, writeSnapshot } from './run.fixture.js';
import { findTime } from './stored-time.js';

/** Times of a run of 60,000 images in batches of 32 that stores sixteen times: the main job's. */
const MAIN_JOB = Array.from({ length: 16 }, (_, i) => Math.ceil((3750 * (i + 1)) / 32) * 32);
const NVIDIA = Array.from({ length: 8 }, (_, i) => (i + 1) * 8 * 2 ** 20);

const find = (times: readonly number[], asked: { t?: number; kimg?: number }) => findTime('f', times, 'images', asked);

describe('a time', () => {
  it('is the stored one that has the label', () => {
    expect(find(MAIN_JOB, { kimg: 60 })).toEqual({ t: 60_000, isStored: true, nearest: [60_000] });
    expect(find(MAIN_JOB, { kimg: 3 }).t).toBe(3776);
    expect(find(NVIDIA, { kimg: 16_777 }).t).toBe(2 ** 24);
    expect(find([59_392, 60_416], { kimg: 60 }).t).toBe(60_416);
  });

  it('without that label is turned into images as the run counts them', () => {
    expect(find(MAIN_JOB, { kimg: 50 })).toEqual({ t: 50_000, isStored: false, nearest: [48_768, 52_512] });
    expect(find(NVIDIA, { kimg: 10_000 })).toMatchObject({ t: 9766 * 1024, isStored: false });
  });

  it('by default is the last', () => {
    expect(find(MAIN_JOB, {})).toMatchObject({ t: 60_000, isStored: true });
  });

  it('that is not meant clearly, or lies outside, is refused with the nearest', () => {
    expect(() => find([59_904, 60_000, 60_416], { kimg: 60 })).toThrow(
      /f: expected the label of one stored time, got 60, the label of 60,000 and 60,416 images\. Give one of them as t\./,
    );
    expect(() => find(MAIN_JOB, { kimg: 61 })).toThrow(
      /from 3 to 60, got 61\. The nearest stored time is 60,000 images: kimg 60/,
    );
    expect(() => find(MAIN_JOB, { t: 60_416 })).toThrow(
      /from 3776 to 60000 images.*got 60416.*nearest stored time is 60,000/,
    );
    expect(() => find(MAIN_JOB, { t: Number.NaN })).toThrow(/got NaN/);
    expect(() => find(MAIN_JOB, { t: 1, kimg: 1 })).toThrow(/one time, got t and kimg/);
  });
});

describe('averages at a time that is not stored', () => {
  const store = async () => {
    const folder = await scratch();
    for (const nimg of MAIN_JOB)
      for (const sigmaRel of [0.05, 0.1]) {
        const metadata = { sigmaRel: String(sigmaRel), nimg: String(nimg) };
        await writeSnapshot(join(folder, `${nimg}-${sigmaRel}.safetensors`), undefined, metadata);
      }
    return folder;
  };

  it('are refused where their profile is not there, with the nearest times, unless forced', async () => {
    const input = await store();
    const output = join(await scratch(), 'out');
    const make = (options: object) => reconstructFiles({ input, output, sigmaRels: [0.1], ...options });
    for (const sigmaRels of [[0.05], [0.2, 0.1]])
      await expect(make({ t: 20_480, sigmaRels })).rejects.toThrow(
        /got 20,480 images, which is not stored, .* nearest stored times are 18,752 and 22,528: give one as t; force: true/,
      );
    await expect(names(output)).rejects.toThrow(/ENOENT/);
    const { outputs, t } = await make({ t: 20_480, force: true });
    expect(t).toBe(20_480);
    expect(outputs[0]?.profileError).toBeGreaterThan(0.7);
    expect(outputs[0]?.warnings.join()).toMatch(
      /20,480 images is not a stored time; the nearest are 18,752 and 22,528/,
    );
    const stored = await make({ kimg: 18 });
    expect([stored.t, stored.outputs[0]?.profileError]).toEqual([18_752, expect.closeTo(0, 6)]);
    // Of a stored time a length may be out of reach.
    await expect(make({ sigmaRels: [0.1, 0.001] })).rejects.toThrow(/within 90 %, got some beyond that: 0\.001 by/);
  });

  it('are refused by the command in its own words', async () => {
    const input = await store();
    const output = await scratch();
    const phema = async (...args: string[]) => {
      let text = '';
      const write = (words: string) => {
        text += `${words}\n`;
      };
      const code = await runPhema(args, { out: write, err: { write }, signal: new AbortController().signal });
      return { code, text };
    };
    const lengths = ['--sigma-rel', '0.1', '--output', output];
    const refused = await phema('reconstruct', input, '--t', '20Ki', ...lengths);
    expect([refused.code, refused.text]).toEqual([1, expect.stringMatching(/give one as --t; --force makes them/)]);
    expect((await phema('reconstruct', input, '--outkimg', '60', ...lengths)).code).toBe(0);
    expect(await names(output)).toEqual(['phema-0000060-0.100.safetensors']);
    const info = await phema('info', input, '--t', '20Ki', '--sigma-rel', '0.1');
    expect(info.text).toMatch(
      /At 20,480 images, which is not a stored time:.*Beyond 71 % reconstruct refuses a length, unless --force/s,
    );
  });

  it('are predicted before they are made', async () => {
    const set = await openSnapshots(await store());
    await set.close();
    const selection = selectSnapshots('test', set, { t: 20_480 });
    expect([selection.isStored, selection.nearest]).toEqual([false, [18_752, 22_528]]);
    expect(selection.synthesise(0.1).profileError).toBeGreaterThan(0.9);
    expect(() => selectSnapshots('test', set, { t: 1 })).toThrow(/test: expected a time from 3776/);
  });
});
