import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openSnapshots, reconstructFiles } from '@edm2/phema/node';
import { readSafetensors } from '@edm2/tensor-files';
import { goldenPath, relativeError } from '@edm2/test-support';
import { describe, expect, it } from 'vitest';
import { runPhema } from './cli/program.js';
import { golden, metadataOf, names, scratch, tensorOf, writeGoldenRun } from './run.fixture.js';
import { writeTorchZip } from './torch-zip.fixture.js';

const SIGMA_RELS = [0.05, 0.1];

/** The golden run as ema-pytorch would have stored it. */
async function writeEmaPytorchRun(folder: string): Promise<string> {
  const [ofs, std] = [golden.get('traj.snap_ofs').data, golden.get('traj.snap_std').data];
  const values = golden.get('traj.snap_values').data;
  for (let i = 0; i < ofs.length; i++)
    await writeTorchZip(join(folder, `${SIGMA_RELS.indexOf(std[i] ?? 0)}.${ofs[i]}.pt`), {
      'ema_model.net.weight': { shape: [8, 8], data: Float32Array.from(values.subarray(i * 64, (i + 1) * 64)) },
      'ema_model.net.steps': { shape: [], data: BigInt64Array.of(BigInt(i)) },
      initted: { shape: [], data: Uint8Array.of(1) },
      step: { shape: [], data: BigInt64Array.of(BigInt(ofs[i] ?? 0)) },
    });
  return folder;
}

async function phema(...args: string[]) {
  const printed: string[] = [];
  const write = (words: string) => void printed.push(words);
  const code = await runPhema(args, { out: write, err: { write }, signal: new AbortController().signal });
  return { code, text: printed.join('\n') };
}

describe('ema-pytorch’s checkpoints', () => {
  it('give the same averages as safetensors do', async () => {
    const input = await writeEmaPytorchRun(await scratch());
    const ours = await writeGoldenRun(await scratch(), 'F32');
    const [output, expected] = [await scratch(), await scratch()];
    const options = { sigmaRels: [0.08, 0.15], track: SIGMA_RELS, verify: true };
    const { outputs } = await reconstructFiles({ ...options, input, output });
    const same = await reconstructFiles({ ...options, input: ours, output: expected });
    for (const [k, { path, profileError }] of outputs.entries()) {
      expect(profileError).toBe(same.outputs[k]?.profileError);
      expect(await tensorOf(path)).toEqual(await tensorOf(same.outputs[k]?.path ?? ''));
      const file = await readSafetensors(path);
      expect([...file.names].sort()).toEqual(['net.steps', 'net.weight']);
      await file.close();
    }
  });

  it('are checked by their checksums, the damaged one named', async () => {
    const input = await writeEmaPytorchRun(await scratch());
    const path = join(input, '1.12800.pt');
    const bytes = await readFile(path);
    const at = bytes.indexOf('archive/data/0') + 'archive/data/0'.length + 5;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    await writeFile(path, bytes);
    const set = await openSnapshots(input, { track: SIGMA_RELS });
    await expect(set.verify()).rejects.toMatchObject({ code: 'crc', file: path });
    await set.close();
  });
});

it('NVIDIA’s snapshots give averages that say which network they are of, and which licence it has', async () => {
  const input = await scratch();
  for (const name of ['n-0004194-0.050', 'n-0004194-0.100', 'n-0008388-0.050', 'n-0008388-0.100'])
    await copyFile(goldenPath('network-snapshot-0008388-0.100.pkl'), join(input, `${name}.pkl`));
  const output = await scratch();
  const { outputs } = await reconstructFiles({ input, output, sigmaRels: [0.1], dtype: 'float32' });
  const [result] = outputs;
  // All are the same network, and so is their average; one of them has all the weight.
  const reference = await readSafetensors(goldenPath('snapshot.safetensors'));
  const { data } = await reference.readFloat32('a.unet.out_conv.weight');
  await reference.close();
  expect(relativeError(await tensorOf(result?.path ?? '', 'unet.out_conv.weight'), data)).toBeLessThan(1e-6);
  const metadata = await metadataOf(result?.path ?? '');
  expect(JSON.parse(metadata['config'] ?? '')).toMatchObject({ config: 'G', imgResolution: 16, modelChannels: 16 });
  expect(metadata['licenseNotice']).toMatch(/CC BY-NC-SA 4\.0/);
  expect(metadata).toMatchObject({ sigmaRel: '0.1', nimg: '8388608' });
});

describe('lengths by tensor', () => {
  it('replace the result’s own for the tensors that they fit', async () => {
    const input = await writeGoldenRun(await scratch(), 'F32');
    const output = await scratch();
    const made = async (sigmaRel: number, tensorSigmaRels: Record<string, number> = {}, prefix = 'x') =>
      (await reconstructFiles({ input, output, sigmaRels: [sigmaRel], tensorSigmaRels, prefix })).outputs[0]?.path ??
      '';
    const [long, short] = [await made(0.15), await made(0.07)];
    const mixed = await made(0.15, { 'net.w*': 0.07 }, 'mixed');
    expect(await tensorOf(mixed)).toEqual(await tensorOf(short));
    expect(await tensorOf(mixed, 'net.freqs')).toEqual(await tensorOf(long, 'net.freqs'));
    expect(await tensorOf(mixed)).not.toEqual(await tensorOf(long));
    expect((await metadataOf(mixed))['tensorSigmaRels']).toBe('{"net.w*":0.07}');
    const again = { input, output, sigmaRels: [0.15], prefix: 'mixed', skipExisting: true };
    const skips = async (tensorSigmaRels: Record<string, number>) =>
      (await reconstructFiles({ ...again, tensorSigmaRels })).outputs[0]?.skipped;
    expect(await skips({ 'net.w*': 0.07 })).toBe(true);
    await expect(skips({ 'net.w*': 0.08 })).rejects.toThrow(/that average with other lengths for some tensors/);
  });

  it('must fit a tensor, and be lengths', async () => {
    const input = await writeGoldenRun(await scratch(), 'F32');
    const output = join(await scratch(), 'out');
    const options = { input, output, sigmaRels: [0.1] };
    await expect(reconstructFiles({ ...options, tensorSigmaRels: { 'net.w': 0.1 } })).rejects.toThrow(
      /got net\.w, which fits none/,
    );
    await expect(reconstructFiles({ ...options, tensorSigmaRels: { '*': 0.4 } })).rejects.toThrow(RangeError);
    await expect(names(output)).rejects.toThrow(/ENOENT/);
  });
});

describe('the command', () => {
  it('reads ema-pytorch’s folders and draws the errors', async () => {
    const input = await writeEmaPytorchRun(await scratch());
    const picture = join(await scratch(), 'errors.svg');
    const { code, text } = await phema('info', input, '--track', '0.05,0.10', '--picture', picture);
    expect([code, text]).toEqual([0, expect.stringMatching(/16 averages, 8 times × lengths 0\.05, 0\.1/)]);
    expect(text).toMatch(/ 0\.05 +< 0\.0001 % +·{20} /);
    expect(text).toMatch(/ 0\.25 +\d+ % +█{10,}·* /);
    const svg = await readFile(picture, 'utf8');
    expect(svg.match(/<path /g)).toHaveLength(2);
    expect(svg.match(/stroke-dasharray/g)).toHaveLength(2);
    expect(svg).not.toMatch(/NaN|undefined/);
  });

  it('takes lengths by tensor', async () => {
    const input = await writeGoldenRun(await scratch(), 'F32');
    const output = join(await scratch(), 'out');
    const lengths = ['--sigma-rel', '0.15', '--tensor-sigma-rel', 'net.w*=0.07'];
    expect((await phema('reconstruct', input, '--output', output, ...lengths)).code).toBe(0);
    expect(
      (await phema('reconstruct', input, '--output', output, '--sigma-rel', '0.1', '--tensor-sigma-rel', 'x')).code,
    ).toBe(2);
  });
});

describe('state dicts with more than plain tensors', () => {
  const run = async (source: string): Promise<string> => {
    const folder = await scratch();
    for (const step of [100, 200, 300])
      for (const index of [0, 1])
        await copyFile(goldenPath(`torch-kinds/${source}.pt`), join(folder, `${index}.${step}.pt`));
    return folder;
  };
  const track = ['--track', '0.05,0.1', '--update-every', '1'];

  it('one tensor of a kind that is not read is named where it is needed, and the rest can be looked at', async () => {
    const folder = await run('mixed');
    expect(await phema('info', folder, ...track)).toMatchObject({ code: 0 });
    const { code, text } = await phema(
      'reconstruct',
      folder,
      ...track,
      '--sigma-rel',
      '0.08',
      '--output',
      await scratch(),
    );
    expect(code).toBe(1);
    expect(text).toMatch(
      /expected tensors of plain numbers, got s, a sparse tensor \(torch\.sparse_coo\), in .*0\.100\.pt\. Save the averages without it/,
    );
  });

  it('a further name is refused with the option that allows it, and allowed by that', async () => {
    const folder = await run('namespace');
    const refused = await phema('info', folder, ...track);
    expect(refused.code).toBe(1);
    expect(refused.text).toMatch(/got "argparse\.Namespace"/);
    expect(refused.text).toMatch(/--allow argparse\.Namespace\n/);
    const more = ['--allow', 'some.Other', '--allow', 'argparse.Namespace'];
    expect(await phema('info', folder, ...track, ...more)).toMatchObject({ code: 0 });
    const output = await scratch();
    const made = await phema('reconstruct', folder, ...track, ...more, '--sigma-rel', '0.08', '--output', output);
    expect([made.code, made.text]).toEqual([0, expect.stringContaining(output)]);
    expect(await phema('error', folder, ...track, ...more)).toMatchObject({ code: 0 });
  });
});
