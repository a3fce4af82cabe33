import { gammasOf } from '../tracker.js';
import { type FloatTypeName, parseFloatType } from './float-type.js';
import { planOutputs, specsOf } from './output-plan.js';
import { selectSnapshots } from './select.js';
import { openSnapshots } from './snapshots.js';
import { writeOutputs } from './write-outputs.js';

/** What to reconstruct. */
export interface ReconstructOptions {
  /** Folder of stored averages (safetensors, NVIDIA's `.pkl`, ema-pytorch's `.pt`), or the files. */
  readonly input: string | readonly string[];
  /** Folder for the results (made when missing); or, for a single length, the file: a path ending in `.safetensors`. */
  readonly output: string;
  /** Relative lengths wanted, each in (0, 0.2887), no two alike. */
  readonly sigmaRels: readonly number[];
  /**
   * Lengths of single tensors in every result, by patterns of their names in which `*` stands for anything: `{ '*.emb_*': 0.05 }`. The first
   * pattern that fits counts; tensors without one have the result's own length.
   */
  readonly tensorSigmaRels?: Readonly<Record<string, number>> | undefined;
  /** What file names alone do not tell; see `OpenSnapshotsOptions`. */
  readonly track?: readonly number[] | undefined;
  readonly updateEvery?: number | undefined;
  /** Time of the averages in images, within the stored times; default the last. */
  readonly t?: number | undefined;
  /** Type of the averaged tensors in the results; default as stored. */
  readonly dtype?: FloatTypeName | undefined;
  /** First part of the results' names, default `phema`. */
  readonly prefix?: string | undefined;
  /** Leave results alone that are there already for the same length and time. Default false: they are replaced. */
  readonly skipExisting?: boolean | undefined;
  /** Compare snapshots that carry a checksum with it before anything is written. Default false (it reads them twice). */
  readonly verify?: boolean | undefined;
  /** Threads that read and sum, at most 64; 0 does it all on the caller's. Default: as many as processors, at most 4, and none for little. */
  readonly threads?: number | undefined;
  readonly onProgress?: ((progress: ReconstructProgress) => void) | undefined;
  /** Stops; nothing is left behind. */
  readonly signal?: AbortSignal | undefined;
}

/** More than any machine's disk keeps busy; each takes some memory. */
const MAX_THREADS = 64;

/** How far reconstruction is. */
export interface ReconstructProgress {
  readonly bytesRead: number;
  readonly bytesTotal: number;
}

/** One result. */
export interface ReconstructedFile {
  readonly sigmaRel: number;
  readonly nimg: number;
  readonly path: string;
  /** True when it was there already. */
  readonly skipped: boolean;
  /** See `Synthesis`. */
  readonly profileError: number;
  readonly sumAbs: number;
  /** Relative error that rounding of the stored numbers can cause. */
  readonly storageError: number;
  readonly warnings: readonly string[];
}

/** What was done. */
export interface ReconstructResult {
  /** In the order of `sigmaRels`. */
  readonly outputs: readonly ReconstructedFile[];
  /** Time of the averages, in images. */
  readonly t: number;
  /** Stored averages that were at hand. */
  readonly snapshots: number;
  readonly bytesRead: number;
}

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
