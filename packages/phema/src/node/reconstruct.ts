import { known, type OptionNames } from '@edm2/options';
import { gammasOf } from '../tracker.js';
import { copiedTensors, copiesInWords, openGivenModel } from './copied-tensors.js';
import { parseFloatType } from './float-type.js';
import { planOutputs, specsOf } from './output-plan.js';
import type { ReconstructOptions, ReconstructResult } from './reconstruct-options.js';
import { assertReachable, selectSnapshots } from './select.js';
import { OPEN_OPTIONS, openOptionsOf, openSnapshots, type SnapshotSet } from './snapshots.js';
import { writeOutputs } from './write-outputs.js';

/** More than any machine's disk keeps busy; each takes some memory. */
const MAX_THREADS = 64;

const OPTIONS: OptionNames<ReconstructOptions> = {
  ...OPEN_OPTIONS,
  input: true,
  output: true,
  sigmaRels: true,
  tensorSigmaRels: true,
  t: true,
  kimg: true,
  normalize: true,
  model: true,
  dtype: true,
  prefix: true,
  skipExisting: true,
  overwrite: true,
  verify: true,
  threads: true,
  onProgress: true,
};

/**
 * Reconstructs averages of any length from stored ones, all of them in one pass over the files. Memory is a piece of one
 * tensor per result, independent of the number and size of snapshots. Everything is checked before anything is written;
 * results appear under their names complete or not at all, and replace nothing unasked.
 *
 * Tensors that are not of a floating-point type are copied from the last snapshot. Metadata is the last snapshot's, with
 * `sigmaRel`, `nimg` and `reconstructed` replaced.
 *
 * @throws {OptionError} when averages would be far from those asked for, or an option is needed that the files do not tell.
 * @throws {RangeError} when a length, the time, the type or the snapshots are not as expected, or an option is unknown.
 * @throws {SafetensorsParseError | PickleParseError} when a snapshot is damaged.
 * @throws {Error} of the file system; the signal's reason.
 * @see Karras et al. 2024, Section 3.2 and Appendix C.3.
 */
export async function reconstructFiles(options: ReconstructOptions): Promise<ReconstructResult> {
  known('reconstructFiles', options, OPTIONS);
  const { input, output, sigmaRels, tensorSigmaRels = {}, signal } = options;
  gammasOf('reconstructFiles', sigmaRels);
  if (output.endsWith('.safetensors') && sigmaRels.length > 1)
    throw new RangeError(
      `reconstructFiles: expected a folder for ${sigmaRels.length} results, got ${output}. Name a folder.`,
    );
  const { threads = 0, prefix = 'phema' } = options;
  if (!(Number.isInteger(threads) && threads >= 0 && threads <= MAX_THREADS))
    throw new RangeError(
      `reconstructFiles: expected 0 to ${MAX_THREADS} threads, got ${threads}. Leave it out for as many as there are processors.`,
    );
  if (!/^[^/\\]+$/.test(prefix))
    throw new RangeError(
      `reconstructFiles: expected a prefix that is part of a file's name, got "${prefix}". Give folders as the output.`,
    );
  const dtype = options.dtype === undefined ? undefined : parseFloatType('reconstructFiles', options.dtype);
  signal?.throwIfAborted();
  const set = await openSnapshots(input, openOptionsOf(options));
  const model = await openGivenModel(options.model, options.allow).catch(async (error: unknown) => {
    await set.close();
    throw error;
  });
  try {
    checkReadable(set);
    if (options.verify) await set.verify({ signal });
    const selection = selectSnapshots('reconstructFiles', set, options);
    if (!options.force)
      assertReachable('reconstructFiles', set, selection, [...sigmaRels, ...Object.values(tensorSigmaRels)]);
    const copied = await copiedTensors(set, selection.snapshots, model.file, signal);
    const specs = specsOf(set, dtype, copied);
    const plans = await planOutputs({ ...options, tensorSigmaRels, prefix }, set, selection, specs);
    const wanted = plans.filter(({ file }) => !file.skipped);
    const { bytesRead, notFinite } =
      wanted.length === 0
        ? { bytesRead: 0, notFinite: [] }
        : await writeOutputs({ selection, plans: wanted, specs, copied }, options);
    const outputs = plans.map(({ file }) => {
      const found = notFinite[wanted.findIndex((plan) => plan.file === file)] ?? [];
      return { ...file, notFinite: found, warnings: [...file.warnings, ...found.map(notFiniteInWords(file.sigmaRel))] };
    });
    return {
      outputs,
      t: selection.t,
      unit: set.unit,
      assumptions: set.assumptions,
      copies: copiesInWords(copied.values()),
      snapshots: selection.snapshots.length,
      bytesRead,
    };
  } finally {
    await model.close();
    await set.close();
  }
}

/** A result has every tensor of the network; one that is not read would be missing. */
function checkReadable({ opaque, snapshots }: SnapshotSet): void {
  for (const [name, kind] of opaque)
    throw new RangeError(
      `reconstructFiles: expected tensors of plain numbers, got ${name}, ${kind}, in ${snapshots[0]?.path}. Save the averages without it, or as plain numbers.`,
    );
}

const notFiniteInWords =
  (sigmaRel: number) =>
  ({ name, count }: { readonly name: string; readonly count: number }): string =>
    `sigmaRel ${sigmaRel}: ${name} is not finite (${count} ${count === 1 ? 'number' : 'numbers'}), as in the snapshots`;
