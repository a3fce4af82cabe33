import { gammasOf } from '../tracker.js';
import { parseFloatType } from './float-type.js';
import { planOutputs, specsOf } from './output-plan.js';
import type { ReconstructOptions, ReconstructResult } from './reconstruct-options.js';
import { selectSnapshots } from './select.js';
import { openSnapshots, type SnapshotSet } from './snapshots.js';
import { writeOutputs } from './write-outputs.js';

/** More than any machine's disk keeps busy; each takes some memory. */
const MAX_THREADS = 64;

/**
 * Reconstructs averages of any length from stored ones, all of them in one pass over the files. Memory is a piece of one
 * tensor per result, independent of the number and size of snapshots. Everything is checked before anything is written;
 * results appear under their names complete or not at all.
 *
 * Tensors that are not of a floating-point type are copied from the last snapshot. Metadata is the last snapshot's, with
 * `sigmaRel`, `nimg` and `reconstructed` replaced.
 *
 * @throws {RangeError} when a length, the time, the type or the snapshots are not as expected.
 * @throws {SafetensorsParseError | PickleParseError} when a snapshot is damaged.
 * @throws {Error} of the file system; the signal's reason.
 * @see Karras et al. 2024, Section 3.2 and Appendix C.3.
 */
export async function reconstructFiles(options: ReconstructOptions): Promise<ReconstructResult> {
  const { input, output, sigmaRels, signal } = options;
  gammasOf('reconstructFiles', sigmaRels);
  if (output.endsWith('.safetensors') && sigmaRels.length > 1)
    throw new RangeError(
      `reconstructFiles: expected a folder for ${sigmaRels.length} results, got ${output}. Name a folder.`,
    );
  const { threads = 0 } = options;
  if (!(Number.isInteger(threads) && threads >= 0 && threads <= MAX_THREADS))
    throw new RangeError(
      `reconstructFiles: expected 0 to ${MAX_THREADS} threads, got ${threads}. Leave it out for as many as there are processors.`,
    );
  const dtype = options.dtype === undefined ? undefined : parseFloatType('reconstructFiles', options.dtype);
  signal?.throwIfAborted();
  const set = await openSnapshots(input, options);
  try {
    checkReadable(set);
    if (options.verify) await set.verify({ signal });
    const selection = selectSnapshots('reconstructFiles', set, options.t);
    const plans = await planOutputs(options, set, selection);
    const wanted = plans.filter(({ file }) => !file.skipped);
    const specs = specsOf(set, dtype);
    const bytesRead = wanted.length === 0 ? 0 : await writeOutputs(selection, wanted, specs, options);
    return { outputs: plans.map(({ file }) => file), t: selection.t, snapshots: selection.snapshots.length, bytesRead };
  } finally {
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
