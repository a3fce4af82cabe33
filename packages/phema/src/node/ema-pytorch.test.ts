import { copyFile, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { OptionError, openSnapshots, reconstructFiles } from '@edm2/phema/node';
import { readSafetensors } from '@edm2/tensor-files';
import { goldenPath, readGolden, relativeError } from '@edm2/test-support';
import { describe, expect, it } from 'vitest';
import { golden, scratch, tensorOf } from './run.fixture.js';
import { writeTorchZip } from './torch-zip.fixture.js';

const everyTen = goldenPath('ema-pytorch/every-10');
const float16 = goldenPath('ema-pytorch/float16');
const track = [0.05, 0.28];

/** Some checkpoints of a folder, in another. */
async function copied(folder: string, keep: (step: number) => boolean): Promise<string> {
  const target = await scratch();
  for (const name of await readdir(folder))
    if (keep(Number(name.split('.')[1]))) await copyFile(join(folder, name), join(target, name));
  return target;
}

/** The golden run as ema-pytorch would have stored it: updated at every step. */
async function writeEveryStep(): Promise<string> {
  const folder = await scratch();
  const [ofs, std] = [golden.get('traj.snap_ofs').data, golden.get('traj.snap_std').data];
  const values = golden.get('traj.snap_values').data;
  for (const [i, step] of ofs.entries())
    await writeTorchZip(join(folder, `${std[i] === 0.05 ? 0 : 1}.${step}.pt`), {
      'ema_model.w': { shape: [8, 8], data: Float32Array.from(values.subarray(i * 64, (i + 1) * 64)) },
    });
  return folder;
}

describe('update_every', () => {
  it.each([[undefined], [10]])('%s: averages updated at every tenth step give the true ones', async (updateEvery) => {
    const output = await scratch();
    const sigmaRels = [0.05, 0.12, 0.2];
    const { outputs, assumptions } = await reconstructFiles({ input: everyTen, output, sigmaRels, track, updateEvery });
    const truth = readGolden('ema-pytorch/truth');
    for (const { sigmaRel, path } of outputs)
      expect(relativeError(await tensorOf(path, 'lin.weight'), truth.get(`${sigmaRel}`).data)).toBeLessThan(1e-2);
    expect(assumptions.join('\n')).toMatch(
      updateEvery ? /update_every 10, as given; confirmed/ : /update_every 10, found from the averages/,
    );
  });

  it.each([
    [1, /contradict it: .*, with 10 only /],
    [100, /contradict it: .*, with 10 only /],
    [2.5, /whole number ≥ 1, got 2\.5/],
  ])('%s is refused where the averages say 10', async (updateEvery, message) => {
    await expect(openSnapshots(everyTen, { track, updateEvery })).rejects.toThrow(message);
  });

  it('is used anyway when it is forced, and said', async () => {
    const set = await openSnapshots(everyTen, { track, updateEvery: 4, force: true });
    await set.close();
    expect(set.snapshots[0]?.profile).toMatchObject({ t: 200, updateEvery: 4 });
    expect(set.assumptions.join()).toMatch(/update_every 4, as given; contradicted/);
    expect([set.unit, set.times.at(-1)]).toEqual(['steps', 1600]);
  });

  it('of 1 is found too, and changes nothing', async () => {
    const set = await openSnapshots(await writeEveryStep(), { track: [0.05, 0.1] });
    await set.close();
    expect(set.assumptions.join()).toMatch(/update_every 1, found/);
    expect(set.snapshots[0]?.profile.updateEvery).toBeUndefined();
  });

  it('must be given where the averages are too few to tell it', async () => {
    const few = await copied(everyTen, (step) => step === 1600);
    await expect(openSnapshots(few, { track })).rejects.toThrow(
      /expected ema-pytorch's update_every \(its own default is 100\), got none.*Give updateEvery\./,
    );
    const set = await openSnapshots(few, { track, updateEvery: 10 });
    await set.close();
    expect(set.assumptions.join()).toMatch(/10, as given; there are too few averages to check it by/);
  });
});

describe('the lengths that ema-pytorch tracked', () => {
  it('must be given, as lengths or as exponents', async () => {
    await expect(openSnapshots(everyTen)).rejects.toThrow(
      /at least 1 of the lengths.*sigma_rels as track.*gammas as gammas/,
    );
    await expect(openSnapshots(everyTen, { track: [0.05] })).rejects.toThrow(/at least 2 of the lengths.*got 1/);
    await expect(openSnapshots(everyTen, { track, gammas: [1, 2] })).rejects.toThrow(/got both/);
    const byLength = await openSnapshots(everyTen, { track });
    const gammas = track.map((s) => byLength.snapshots.find(({ sigmaRel }) => sigmaRel === s)?.profile.gamma ?? 0);
    await byLength.close();
    const set = await openSnapshots(everyTen, { gammas });
    await set.close();
    expect(set.snapshots.map(({ profile }) => profile)).toEqual(byLength.snapshots.map(({ profile }) => profile));
    expect(set.sigmaRels[1]).toBeCloseTo(0.28, 9);
  });

  it.each([[[0.28, 0.05]], [[0.05, 0.1]]])('%j are refused where the averages contradict them', async (wrong) => {
    const error = await openSnapshots(everyTen, { track: wrong }).then(
      () => undefined,
      (caught: unknown) => caught,
    );
    expect(error).toBeInstanceOf(OptionError);
    expect(String(error)).toMatch(/contradict|do not tell it/);
    await expect(openSnapshots(everyTen, { track: wrong, updateEvery: 10 })).rejects.toThrow(/contradict/);
  });
});

it('a renamed checkpoint, and averages of another tool beside, are refused by name', async () => {
  const folder = await copied(everyTen, () => true);
  await rename(join(folder, '0.200.pt'), join(folder, '0.300.pt'));
  await expect(openSnapshots(folder, { track })).rejects.toThrow(/step 300 in .*0\.300\.pt.*got 200/);
  const mixed = await copied(everyTen, () => true);
  await copyFile(goldenPath('network-snapshot-0008388-0.100.pkl'), join(mixed, 'n-0008388-0.100.pkl'));
  await expect(openSnapshots(mixed, { track })).rejects.toThrow(/\.pkl|\.pt/);
});

describe('integers and booleans that were stored as float16', () => {
  const options = { input: float16, track, sigmaRels: [0.12] };

  it('are copied as stored and named, what is not finite too', async () => {
    const { outputs, copies } = await reconstructFiles({ ...options, output: await scratch() });
    expect(copies).toEqual([
      expect.stringMatching(
        /1\.400\.pt as stored, since they hold whole numbers only .* F16\): .*idx, .*mask.*; a checkpoint of the model/,
      ),
    ]);
    const [output] = outputs;
    expect(output?.notFinite).toEqual([{ name: 'bn.num_batches_tracked', count: 1 }]);
    expect(output?.warnings.join()).toMatch(/bn\.num_batches_tracked is not finite \(1 number\)/);
    expect(await tensorOf(output?.path ?? '', 'idx')).toEqual(Float32Array.of(0, 1, 2048, 4100));
    const file = await readSafetensors(output?.path ?? '');
    await file.close();
    expect(['idx', 'mask', 'lin.weight'].map((name) => file.entries.get(name)?.dtype)).toEqual(['F16', 'F16', 'F16']);
  });

  it('come from the model’s own checkpoint in their own types', async () => {
    const model = goldenPath('ema-pytorch/model.pt');
    const { outputs, copies } = await reconstructFiles({
      ...options,
      output: await scratch(),
      model,
      dtype: 'float32',
    });
    expect(copies[0]).toMatch(/the model's checkpoint .*model\.pt.*: .*bn\.num_batches_tracked/);
    expect(outputs[0]?.notFinite).toEqual([]);
    const file = await readSafetensors(outputs[0]?.path ?? '');
    expect((await file.read('bn.num_batches_tracked')).data).toEqual(BigInt64Array.of(70400n));
    expect((await file.read('idx')).data).toEqual(BigInt64Array.of(0n, 1n, 2049n, 4099n));
    expect(file.entries.get('mask')?.dtype).toBe('BOOL');
    expect(file.entries.get('lin.weight')?.dtype).toBe('F32');
    await file.close();
    const ema = goldenPath('ema-pytorch/float16/0.100.pt');
    await expect(reconstructFiles({ ...options, output: await scratch(), model: ema })).rejects.toThrow(
      /float16\/0\.100\.pt: .*a checkpoint of the model itself, got one of ema-pytorch/,
    );
    const other = goldenPath('state-dict.pth');
    await expect(reconstructFiles({ ...options, output: await scratch(), model: other })).rejects.toThrow(
      /in the model's checkpoint .*state-dict\.pth.*another network/,
    );
  });
});
