import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  type Dtype,
  readSafetensors,
  type SnapshotNameOptions,
  snapshotName,
  type TensorSpec,
} from '@edm2/tensor-files';
import type { CopiedTensor } from './copied-tensors.js';
import { isFloat } from './float-type.js';
import { createNamePatterns } from './name-patterns.js';
import { OptionError } from './option-error.js';
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

/** How a result is made, beside its length and time: what its metadata tells. */
type Recipe = Pick<ReconstructOptions, 'normalize'> & Required<Pick<ReconstructOptions, 'tensorSigmaRels'>>;

/**
 * Names every result, weighs the snapshots for it, and finds those that are there already.
 *
 * @throws {OptionError} when something else is under a result's name and `overwrite` is not given.
 */
export async function planOutputs(
  options: ReconstructOptions & Required<Pick<ReconstructOptions, 'tensorSigmaRels' | 'prefix'>>,
  set: SnapshotSet,
  selection: Selection,
  specs: Readonly<Record<string, TensorSpec>>,
): Promise<OutputPlan[]> {
  const { output, sigmaRels, tensorSigmaRels = {}, prefix = 'phema', skipExisting, overwrite } = options;
  const patterns = createNamePatterns(tensorSigmaRels, [...set.entries.keys()]);
  const special = new Map(patterns.values.map((sigmaRel) => [sigmaRel, selection.synthesise(sigmaRel)]));
  const time = timeForm(set.times, selection.t);
  const sources = new Set(set.snapshots.map(({ path }) => resolve(path)));
  return Promise.all(
    sigmaRels.map(async (sigmaRel) => {
      const label = { sigmaRel, nimg: selection.t };
      const path = output.endsWith('.safetensors') ? output : join(output, snapshotName(prefix, label, { time }));
      if (sources.has(resolve(path)))
        throw new OptionError(
          (option) =>
            `reconstructFiles: expected names for results that no snapshot has, got ${path}. Choose another ${option('output')} or ${option('prefix')}.`,
        );
      const { weights, warnings: own, profileError, weightSum, sumAbs, storageError } = selection.synthesise(sigmaRel);
      const there = await thereAt(path, label, { ...options, tensorSigmaRels }, specs);
      if (there !== undefined && there !== SAME && !overwrite)
        throw new OptionError(
          (option) =>
            `reconstructFiles: expected nothing at ${path}, or the same average, got ${there}. Choose another ${option('output')} or ${option('prefix')}; ${option('overwrite')} replaces it.`,
        );
      const skipped = skipExisting === true && there === SAME;
      const weightsOf = (name: string) => special.get(patterns.valueOf(name) ?? Number.NaN)?.weights ?? weights;
      const warnings = [...own, ...[...special.values()].flatMap((each) => each.warnings)];
      const quality = { profileError, weightSum, sumAbs, storageError };
      return { weightsOf, file: { ...label, path, skipped, ...quality, notFinite: [], warnings } };
    }),
  );
}

const thousandsOf = (nimg: number): number => Math.floor(nimg / 1000);

/** A stored time that shares its thousand with no other is told by that, as EDM2's tools tell it. */
const timeForm = (times: readonly number[], t: number): SnapshotNameOptions['time'] =>
  times.includes(t) && times.every((other) => other === t || thousandsOf(other) !== thousandsOf(t))
    ? 'thousands'
    : undefined;

/** A result of the same length, time, recipe, types and shapes. */
const SAME = 'the same';

/** What is under a result's name, in words; undefined: nothing. */
async function thereAt(
  path: string,
  { sigmaRel, nimg }: { sigmaRel: number; nimg: number },
  { normalize = true, tensorSigmaRels }: Recipe,
  specs: Readonly<Record<string, TensorSpec>>,
): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (!found) return undefined;
  if (!found.isFile()) return 'a folder';
  try {
    const file = await readSafetensors(path);
    await file.close();
    const { metadata, entries } = file;
    const made = metadata[RECONSTRUCTED_KEY];
    if (made === undefined) return 'a file that was not made by reconstruction';
    if (Number(metadata['sigmaRel']) !== sigmaRel || Number(metadata['nimg']) !== nimg)
      return `the average of sigmaRel ${metadata['sigmaRel']} at ${metadata['nimg']}`;
    if ((metadata[TENSORS_KEY] ?? '{}') !== JSON.stringify(tensorSigmaRels))
      return 'that average with other lengths for some tensors';
    if ((JSON.parse(made).normalized ?? true) !== normalize)
      return `that average with weights ${normalize ? 'not divided' : 'divided'} by their sum`;
    const alike =
      entries.size === Object.keys(specs).length &&
      Object.entries(specs).every(([name, { dtype, shape }]) => {
        const entry = entries.get(name);
        return entry?.dtype === dtype && entry.shape.join() === shape.join();
      });
    return alike ? SAME : 'that average in other types, or of another network';
  } catch {
    return 'a file that cannot be read, perhaps a damaged one';
  }
}

/** Types and shapes of a result's tensors. */
export const specsOf = (
  set: SnapshotSet,
  dtype: Dtype | undefined,
  copied: ReadonlyMap<string, CopiedTensor>,
): Record<string, TensorSpec> =>
  Object.fromEntries(
    [...set.entries].map(([name, { shape, dtype: stored }]) => {
      const source = copied.get(name)?.file.entries.get(name);
      return [name, { shape, dtype: source ? source.dtype : (dtype ?? stored) }];
    }),
  );

/** The last snapshot's metadata with what is a result's own. */
export function metadataOf(
  last: StoredFile,
  { sigmaRel, nimg, profileError }: ReconstructedFile,
  specs: Record<string, TensorSpec>,
  { tensorSigmaRels = {}, normalize = true }: ReconstructOptions,
): Record<string, string> {
  const dtype = Object.values(specs).find((spec) => isFloat(spec.dtype))?.dtype;
  const made = {
    by: '@edm2/phema',
    profileError: Number(profileError.toPrecision(3)),
    ...(normalize ? {} : { normalized: false }),
  };
  return {
    ...last.metadata,
    ...(dtype !== undefined && last.metadata['dtype'] !== undefined ? { dtype } : {}),
    sigmaRel: String(sigmaRel),
    nimg: String(nimg),
    ...(Object.keys(tensorSigmaRels).length > 0 ? { [TENSORS_KEY]: JSON.stringify(tensorSigmaRels) } : {}),
    [RECONSTRUCTED_KEY]: JSON.stringify(made),
  };
}
