import { spawnSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createUNet } from '@edm2/edm2-unet';
import { snapshotName } from '@edm2/phema/node';
import { createRandom } from '@edm2/random';
import { fromFloat32, writeSafetensors } from '@edm2/tensor-files';
import type { Work } from './nets.js';

/** Averages of a run, as files. */
export interface StoredRun {
  readonly files: readonly { readonly path: string; readonly sigmaRel: number; readonly nimg: number }[];
  readonly bytes: number;
}

const TRACKED = [0.05, 0.1];
const INTERVAL = 2 ** 20; // images between two snapshots

/** Writes snapshots of a network with random weights: `times` moments, two tracked lengths each. */
export async function storeRun(
  folder: string,
  { net }: Work,
  times: number,
  dtype: 'F32' | 'F16' = 'F32',
): Promise<StoredRun> {
  mkdirSync(folder, { recursive: true });
  const { parameters } = createUNet(net);
  const size = (shape: readonly number[]) => shape.reduce((product, side) => product * side, 1);
  // One draw for everything, from a different place in each file: only that the numbers differ matters.
  const labels = Array.from({ length: times }, (_, i) =>
    TRACKED.map((sigmaRel) => ({ sigmaRel, nimg: (i + 1) * INTERVAL })),
  ).flat();
  const largest = Math.max(...parameters.map(({ shape }) => size(shape)));
  const normals = createRandom(0)
    .stream('snapshots')
    .normal(largest + labels.length);
  // Rounding is slower than writing: once for all.
  const data = dtype === 'F16' ? fromFloat32(normals, 'F16') : normals;
  const files = [];
  for (const [i, label] of labels.entries()) {
    const path = join(folder, snapshotName('network-snapshot', label, { time: 'thousands' }));
    const tensors = Object.fromEntries(
      parameters.map(({ name, shape }) => {
        return [name, { shape, dtype, data: data.subarray(i, i + size(shape)) }];
      }),
    );
    await writeSafetensors(path, tensors, { sigmaRel: String(label.sigmaRel), nimg: String(label.nimg) });
    files.push({ path, ...label });
  }
  return { files, bytes: files.reduce((sum, { path }) => sum + statSync(path).size, 0) };
}

/** Makes the system forget what it has cached of the files, so that the next read goes to the disk. Needs GNU dd. */
export function forget(files: readonly string[]): void {
  for (const path of files) {
    const { status } = spawnSync('dd', [`of=${path}`, 'oflag=nocache', 'conv=notrunc,fdatasync', 'count=0'], {
      stdio: 'ignore',
    });
    if (status !== 0) throw new Error('reading from the disk itself needs GNU dd');
  }
}
