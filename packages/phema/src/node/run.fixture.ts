import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { snapshotName } from '@edm2/phema/node';
import { type Dtype, readSafetensors, type TensorInput, writeSafetensors } from '@edm2/tensor-files';
import { readGolden } from '@edm2/test-support';
import { onTestFinished } from 'vitest';

export const golden = readGolden('phema');

/** A folder for the running test alone, removed after it. */
export async function scratch(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'phema-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Names in a folder, hidden ones too. */
export const names = async (folder: string): Promise<string[]> => (await readdir(folder)).sort();

/** Values of one tensor of a file. */
export async function tensorOf(path: string, name = 'net.weight'): Promise<Float32Array> {
  const file = await readSafetensors(path);
  const { data } = await file.readFloat32(name);
  await file.close();
  return data;
}

/** Metadata of a file. */
export async function metadataOf(path: string): Promise<Readonly<Record<string, string>>> {
  const file = await readSafetensors(path);
  await file.close();
  return file.metadata;
}

/** The golden trajectory's 16 snapshots as a run folder: the averages, a buffer, and a tensor of whole numbers. */
export async function writeGoldenRun(folder: string, dtype: Dtype = 'F64'): Promise<string> {
  await mkdir(folder, { recursive: true });
  const [ofs, std] = [golden.get('traj.snap_ofs').data, golden.get('traj.snap_std').data];
  const values = golden.get('traj.snap_values').data;
  for (let i = 0; i < ofs.length; i++) {
    const label = { nimg: ofs[i] ?? 0, sigmaRel: std[i] ?? 0 };
    const weight = Float64Array.from(values.subarray(i * 64, (i + 1) * 64));
    await writeSafetensors(
      join(folder, `${label.nimg}-${snapshotName('network-snapshot', label, { time: 'thousands' })}`),
      {
        'net.weight': { dtype, shape: [8, 8], data: dtype === 'F64' ? weight : Float32Array.from(weight) },
        'net.freqs': { shape: [3], data: Float32Array.of(0.1, -2.7, 3.3) },
        'net.steps': { shape: [], data: Int32Array.of(i) },
      },
      { sigmaRel: String(label.sigmaRel), nimg: String(label.nimg), config: '{"width":8}', dtype },
    );
  }
  return folder;
}

/** One small snapshot under a name of its own. */
export async function writeSnapshot(
  path: string,
  tensors: Record<string, TensorInput> = { w: { shape: [2], data: Float32Array.of(1, 2) } },
  metadata: Record<string, string> = {},
): Promise<string> {
  await writeSafetensors(path, tensors, metadata);
  return path;
}
