import { mkdir, rmdir, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import {
  createSafetensorsWriter,
  type Dtype,
  readSafetensors,
  type SafetensorsFile,
  type SafetensorsWriter,
  type TensorData,
  type TensorSpec,
} from '@edm2/tensor-files';
import { gammasOf } from '../tracker.js';
import { combineChunks, filesInUse } from './combine.js';
import { type FloatTypeName, isFloat, parseFloatType } from './float-type.js';
import { encodeHalf } from './float-values.js';
import { type Selection, selectSnapshots } from './select.js';
import { snapshotName } from './snapshot-name.js';
import { openSnapshots, RECONSTRUCTED_KEY, type SnapshotSet } from './snapshots.js';

/** What to reconstruct. */
export interface ReconstructOptions {
  /** Folder of stored averages, or the files. */
  readonly input: string | readonly string[];
  /** Folder for the results (made when missing); or, for a single length, the file: a path ending in `.safetensors`. */
  readonly output: string;
  /** Relative lengths wanted, each in (0, 0.2887), no two alike. */
  readonly sigmaRels: readonly number[];
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
  readonly onProgress?: ((progress: ReconstructProgress) => void) | undefined;
  /** Stops; nothing is left behind. */
  readonly signal?: AbortSignal | undefined;
}

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
 * @throws {SafetensorsParseError} when a snapshot is damaged.
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
  const dtype = options.dtype === undefined ? undefined : parseFloatType('reconstructFiles', options.dtype);
  signal?.throwIfAborted();
  const set = await openSnapshots(input);
  try {
    if (options.verify) await set.verify({ signal });
    const selection = selectSnapshots('reconstructFiles', set, options.t);
    const plans = await planOutputs(options, selection);
    const wanted = plans.filter(({ file }) => !file.skipped);
    const specs = specsOf(set, dtype);
    const bytesRead = wanted.length === 0 ? 0 : await write(selection, wanted, specs, options);
    return { outputs: plans.map(({ file }) => file), t: selection.t, snapshots: selection.snapshots.length, bytesRead };
  } finally {
    await set.close();
  }
}

interface OutputPlan {
  readonly file: ReconstructedFile;
  readonly weights: Float64Array;
}

async function planOutputs(
  { output, sigmaRels, prefix = 'phema', skipExisting = false }: ReconstructOptions,
  selection: Selection,
): Promise<OutputPlan[]> {
  const sources = new Set(selection.snapshots.map(({ path }) => resolve(path)));
  return Promise.all(
    sigmaRels.map(async (sigmaRel) => {
      const label = { sigmaRel, nimg: selection.t };
      const path = output.endsWith('.safetensors') ? output : join(output, snapshotName(prefix, label));
      if (sources.has(resolve(path)))
        throw new RangeError(
          `reconstructFiles: expected results beside the snapshots, got ${path}, which is one. Choose another folder or prefix.`,
        );
      const { weights, profileError, sumAbs, storageError, warnings } = selection.synthesise(sigmaRel);
      const skipped = skipExisting && (await isReconstruction(path, label));
      return { weights, file: { ...label, path, skipped, profileError, sumAbs, storageError, warnings } };
    }),
  );
}

async function isReconstruction(
  path: string,
  { sigmaRel, nimg }: { sigmaRel: number; nimg: number },
): Promise<boolean> {
  try {
    const file = await readSafetensors(path);
    await file.close();
    const { metadata } = file;
    return (
      metadata[RECONSTRUCTED_KEY] !== undefined &&
      Number(metadata['sigmaRel']) === sigmaRel &&
      Number(metadata['nimg']) === nimg
    );
  } catch {
    // Missing or damaged: to be made.
    return false;
  }
}

const specsOf = (set: SnapshotSet, dtype: Dtype | undefined): Record<string, TensorSpec> =>
  Object.fromEntries(
    [...set.entries].map(([name, entry]) => [
      name,
      { shape: entry.shape, dtype: isFloat(entry.dtype) ? (dtype ?? entry.dtype) : entry.dtype },
    ]),
  );

async function write(
  selection: Selection,
  plans: readonly OutputPlan[],
  specs: Record<string, TensorSpec>,
  { signal, onProgress, output }: ReconstructOptions,
): Promise<number> {
  const files = selection.snapshots.map(({ file }) => file);
  const weights = plans.map((plan) => plan.weights);
  const last = files.at(-1) as SafetensorsFile;
  const isAveraged = (name: string) => isFloat(last.entries.get(name)?.dtype ?? 'I8');
  const perFile = [...last.entries].reduce((sum, [name, e]) => sum + (isAveraged(name) ? e.byteLength : 0), 0);
  const bytesTotal = perFile * filesInUse(files, weights).length;
  let bytesRead = 0;

  const folder = output.endsWith('.safetensors') ? dirname(output) : output;
  const made = await mkdir(folder, { recursive: true });
  const writers: SafetensorsWriter[] = [];
  try {
    await checkRoom(folder, specs, plans.length);
    for (const { file } of plans)
      writers.push(await createSafetensorsWriter(file.path, specs, metadataOf(last, file, specs)));
    const order = writers[0]?.names ?? [];
    const chunks = combineChunks({
      files,
      weights,
      names: order.filter(isAveraged),
      signal,
      onBytes: (bytes) => {
        bytesRead += bytes;
        onProgress?.({ bytesRead, bytesTotal });
      },
    });
    try {
      let chunk = await chunks.next();
      for (const name of order) {
        if (!isAveraged(name)) await copy(last, name, writers, signal);
        for (; !chunk.done && chunk.value.name === name; chunk = await chunks.next()) {
          const { sums } = chunk.value;
          await Promise.all(
            writers.map((writer, k) => writer.write(name, encode(sums[k] as Float64Array, specs[name]?.dtype))),
          );
        }
      }
    } finally {
      await chunks.return();
    }
    signal?.throwIfAborted();
    for (const writer of writers) await writer.finish();
    return bytesRead;
  } catch (error) {
    await Promise.all(writers.map((writer) => writer.abort()));
    if (made !== undefined) await removeEmpty(folder, made);
    throw error;
  }
}

/** A copy of sums in the form that the writer takes for a type. */
function encode(sums: Float64Array, dtype: Dtype | undefined): TensorData {
  if (dtype === 'F64') return sums.slice();
  const values = new Float32Array(sums);
  return dtype === 'F16' ? encodeHalf(values) : values;
}

async function copy(
  file: SafetensorsFile,
  name: string,
  writers: readonly SafetensorsWriter[],
  signal: AbortSignal | undefined,
): Promise<void> {
  for await (const values of file.chunks(name, { signal }))
    await Promise.all(writers.map((writer) => writer.write(name, values)));
}

function metadataOf(
  last: SafetensorsFile,
  { sigmaRel, nimg, profileError }: ReconstructedFile,
  specs: Record<string, TensorSpec>,
): Record<string, string> {
  const dtype = Object.values(specs).find((spec) => isFloat(spec.dtype))?.dtype;
  return {
    ...last.metadata,
    ...(dtype !== undefined && last.metadata['dtype'] !== undefined ? { dtype } : {}),
    sigmaRel: String(sigmaRel),
    nimg: String(nimg),
    [RECONSTRUCTED_KEY]: JSON.stringify({ by: '@edm2/phema', profileError: Number(profileError.toPrecision(3)) }),
  };
}

const BYTES: Readonly<Record<string, number>> = {
  F64: 8,
  I64: 8,
  U64: 8,
  F32: 4,
  I32: 4,
  U32: 4,
  F16: 2,
  BF16: 2,
  I16: 2,
  U16: 2,
};

/** A full disk after an hour's reading is worth asking about first. */
async function checkRoom(folder: string, specs: Record<string, TensorSpec>, outputs: number): Promise<void> {
  const one = Object.values(specs).reduce(
    (sum, { dtype, shape }) => sum + shape.reduce((n, side) => n * side, BYTES[dtype] ?? 1),
    0,
  );
  const { bavail, bsize } = await statfs(folder);
  // Some network file systems report nothing.
  if (bavail > 0 && one * outputs > bavail * bsize)
    throw new Error(
      `reconstructFiles: expected room for ${outputs} × ${one} bytes in ${folder}, got ${bavail * bsize}. Free some space or name another folder.`,
    );
}

/** Removes the folders that this run made, from the innermost out, as long as they are empty. */
async function removeEmpty(folder: string, outermost: string): Promise<void> {
  for (let each = resolve(folder); each.length >= resolve(outermost).length; each = dirname(each)) {
    try {
      await rmdir(each);
    } catch {
      return;
    }
  }
}
