import { join, resolve } from 'node:path';
import {
  type Dtype,
  readSafetensors,
  type SnapshotNameOptions,
  snapshotName,
  type TensorSpec,
} from '@edm2/tensor-files';
import { isFloat } from './float-type.js';
import { createNamePatterns } from './name-patterns.js';
import type { ReconstructedFile, ReconstructOptions } from './reconstruct-options.js';
import type { Selection } from './select.js';
import { RECONSTRUCTED_KEY, type SnapshotSet } from './snapshots.js';
import type { StoredFile } from './stored-file.js';

/** Text field of lengths by tensor. */
const TENSORS_KEY = 'tensorSigmaRels';

/** One result to be: where, of what weights. */
export interface OutputPlan {
  readonly file: ReconstructedFile;
  /** Weights of the snapshots for a tensor. */
  readonly weightsOf: (name: string) => Float64Array;
}

/** Names every result, weighs the snapshots for it, and finds those that are there already. */
export async function planOutputs(
  { output, sigmaRels, tensorSigmaRels = {}, prefix = 'phema', skipExisting = false }: ReconstructOptions,
  set: SnapshotSet,
  selection: Selection,
): Promise<OutputPlan[]> {
  const patterns = createNamePatterns(tensorSigmaRels, [...set.entries.keys()]);
  const special = new Map(patterns.values.map((sigmaRel) => [sigmaRel, selection.synthesise(sigmaRel)]));
  const time = timeForm(set.times, selection.t);
  const sources = new Set(set.snapshots.map(({ path }) => resolve(path)));
  return Promise.all(
    sigmaRels.map(async (sigmaRel) => {
      const label = { sigmaRel, nimg: selection.t };
      const path = output.endsWith('.safetensors') ? output : join(output, snapshotName(prefix, label, { time }));
      if (sources.has(resolve(path)))
        throw new RangeError(
          `reconstructFiles: expected results beside the snapshots, got ${path}, which is one. Choose another folder or prefix.`,
        );
      const { weights, profileError, sumAbs, storageError, warnings: own } = selection.synthesise(sigmaRel);
      const skipped = skipExisting && (await isReconstruction(path, label, tensorSigmaRels));
      const weightsOf = (name: string) => special.get(patterns.valueOf(name) ?? Number.NaN)?.weights ?? weights;
      const warnings = [...own, ...[...special.values()].flatMap((each) => each.warnings)];
      return { weightsOf, file: { ...label, path, skipped, profileError, sumAbs, storageError, warnings } };
    }),
  );
}

const thousandsOf = (nimg: number): number => Math.floor(nimg / 1000);

/** A stored time that shares its thousand with no other is told by that, as EDM2's tools tell it. */
const timeForm = (times: readonly number[], t: number): SnapshotNameOptions['time'] =>
  times.includes(t) && times.every((other) => other === t || thousandsOf(other) !== thousandsOf(t))
    ? 'thousands'
    : undefined;

async function isReconstruction(
  path: string,
  { sigmaRel, nimg }: { sigmaRel: number; nimg: number },
  tensorSigmaRels: Readonly<Record<string, number>>,
): Promise<boolean> {
  try {
    const file = await readSafetensors(path);
    await file.close();
    const { metadata } = file;
    return (
      metadata[RECONSTRUCTED_KEY] !== undefined &&
      Number(metadata['sigmaRel']) === sigmaRel &&
      Number(metadata['nimg']) === nimg &&
      (metadata[TENSORS_KEY] ?? '{}') === JSON.stringify(tensorSigmaRels)
    );
  } catch {
    // Missing or damaged: to be made.
    return false;
  }
}

/** Types and shapes of a result's tensors. */
export const specsOf = (set: SnapshotSet, dtype: Dtype | undefined): Record<string, TensorSpec> =>
  Object.fromEntries(
    [...set.entries].map(([name, entry]) => [
      name,
      { shape: entry.shape, dtype: isFloat(entry.dtype) ? (dtype ?? entry.dtype) : entry.dtype },
    ]),
  );

/** The last snapshot's metadata with what is a result's own. */
export function metadataOf(
  last: StoredFile,
  { sigmaRel, nimg, profileError }: ReconstructedFile,
  specs: Record<string, TensorSpec>,
  tensorSigmaRels: Readonly<Record<string, number>> = {},
): Record<string, string> {
  const dtype = Object.values(specs).find((spec) => isFloat(spec.dtype))?.dtype;
  return {
    ...last.metadata,
    ...(dtype !== undefined && last.metadata['dtype'] !== undefined ? { dtype } : {}),
    sigmaRel: String(sigmaRel),
    nimg: String(nimg),
    ...(Object.keys(tensorSigmaRels).length > 0 ? { [TENSORS_KEY]: JSON.stringify(tensorSigmaRels) } : {}),
    [RECONSTRUCTED_KEY]: JSON.stringify({ by: '@edm2/phema', profileError: Number(profileError.toPrecision(3)) }),
  };
}
