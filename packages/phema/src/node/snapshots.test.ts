import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openSnapshots } from '@edm2/phema/node';
import { describe, expect, it } from 'vitest';
import { scratch, writeGoldenRun, writeSnapshot } from './run.fixture.js';

describe('openSnapshots', () => {
  it('finds a run’s averages in order, and leaves other files aside', async () => {
    const folder = await writeGoldenRun(await scratch());
    await writeSnapshot(join(folder, 'training-state-0000025.safetensors'));
    await writeSnapshot(join(folder, 'classifier.safetensors'));
    await writeFile(join(folder, 'log.jsonl'), '');
    await mkdir(join(folder, 'previews'));
    const set = await openSnapshots(folder);
    expect(set.snapshots.map(({ nimg, sigmaRel }) => [nimg, sigmaRel]).slice(0, 3)).toEqual([
      [3200, 0.05],
      [3200, 0.1],
      [6400, 0.05],
    ]);
    expect(set.times).toEqual([3200, 6400, 9600, 12800, 16000, 19200, 22400, 25600]);
    expect(set.sigmaRels).toEqual([0.05, 0.1]);
    expect([set.values, set.dtype, set.bytes]).toEqual([67, 'F32', 64 * 8 + 3 * 4 + 4]);
    expect(set.ignored.map(({ reason }) => reason)).toEqual([
      'neither its name nor its metadata tells sigmaRel and nimg',
      'a training state',
    ]);
    await set.verify();
    await set.close();
  });

  it('reads labels from names where metadata is silent, and from metadata first', async () => {
    const folder = await scratch();
    await writeSnapshot(join(folder, 'edm2-img512-xs-0008388-0.050.safetensors'));
    await writeSnapshot(join(folder, 'x.safetensors'), undefined, { std: '0.1', cur_nimg: '1000' });
    await writeSnapshot(join(folder, 'edm2-img512-xs-0016777-0.050.safetensors'), undefined, {
      sigmaRel: '0.2',
      nimg: '16777000',
    });
    await writeSnapshot(join(folder, 'n-0000001.200-0.050.safetensors'));
    const set = await openSnapshots(folder);
    expect(set.snapshots.map(({ nimg, sigmaRel }) => [nimg, sigmaRel])).toEqual([
      [1000, 0.1],
      [1200, 0.05],
      [8388608, 0.05],
      [16777000, 0.2],
    ]);
    await set.close();
  });

  const named = (kimg: string, std = '0.050') => `net-${kimg}-${std}.safetensors`;
  it.each([
    [
      'another shape',
      { w: { shape: [3], data: new Float32Array(3) } },
      /w of shape \[2\] in .*0016777.* as in .*0008388.*got \[3\]/,
    ],
    ['another type', { w: { shape: [2], data: new Float64Array(2) } }, /w of type F32 .*got F64/],
    ['a missing tensor', { v: { shape: [2], data: new Float32Array(2) } }, /a tensor w in .*0016777.*got none/],
    [
      'an extra tensor',
      { w: { shape: [2], data: new Float32Array(2) }, v: { shape: [1], data: new Float32Array(1) } },
      /no tensor v in .*0016777/,
    ],
  ])('refuses %s', async (_, tensors, message) => {
    const folder = await scratch();
    await writeSnapshot(join(folder, named('0008388')));
    await writeSnapshot(join(folder, named('0016777')), tensors);
    await expect(openSnapshots(folder)).rejects.toThrow(message);
  });

  it('names truncated and changed files, doubles, and what is no folder of snapshots', async () => {
    const folder = await scratch();
    const path = await writeSnapshot(join(folder, named('0008388')));
    await writeSnapshot(join(folder, 'again-0008388-0.050.safetensors'));
    await expect(openSnapshots(folder)).rejects.toThrow(
      /one average of each time and length.*again-0008388.*net-0008388/,
    );
    await expect(openSnapshots(await scratch())).rejects.toThrow(/got none in/);
    await expect(openSnapshots(join(folder, 'missing'))).rejects.toThrow(/expected a folder, got .*missing/);
    await expect(openSnapshots(path)).rejects.toThrow(/got the file/);
    await expect(openSnapshots([await writeSnapshot(join(folder, 'plain.safetensors'))])).rejects.toThrow(
      /got .*plain/,
    );
    const outside = await writeSnapshot(join(folder, named('0008388', '0.300')));
    await expect(openSnapshots([outside])).rejects.toThrow(/0 < sigmaRel < 0.2887 in .*0\.300/);
    await truncate(path, 100);
    await expect(openSnapshots(folder)).rejects.toThrow(/net-0008388-0\.050\.safetensors/);
  });
});
