import { rmdir, statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import {
  createSafetensorsWriter,
  type Dtype,
  makeFolder,
  removeLeftovers,
  type SafetensorsWriter,
  type TensorSpec,
} from '@edm2/tensor-files';
import type { Sums } from './accumulator.js';
import { combineChunks, filesInUse, settleAll } from './combine.js';
import type { CopiedTensor } from './copied-tensors.js';
import type { EncodedDtype } from './encode-kernels.js';
import { createFiniteWatch, type FiniteWatch, type NotFinite } from './finite-watch.js';
import { OptionError } from './option-error.js';
import { metadataOf, type OutputPlan } from './output-plan.js';
import type { ReconstructOptions } from './reconstruct-options.js';
import type { Selection } from './select.js';
import type { StoredFile } from './stored-file.js';

/** Values copied at a time. */
const COPY_VALUES = 1 << 17;

/** What is written. */
export interface OutputWork {
  readonly selection: Selection;
  readonly plans: readonly OutputPlan[];
  readonly specs: Record<string, TensorSpec>;
  /** Tensors that are not averaged. */
  readonly copied: ReadonlyMap<string, CopiedTensor>;
}

/** What came of it. */
export interface WrittenOutputs {
  readonly bytesRead: number;
  /** By result: tensors with infinities or NaN in them. */
  readonly notFinite: readonly (readonly NotFinite[])[];
}

/**
 * Writes all results in one pass over the snapshots; on any error none of them is left.
 *
 * @throws {OptionError} when numbers are beyond the results' type, or an existing file turns out to hold something else.
 */
export async function writeOutputs(
  { selection, plans, specs, copied }: OutputWork,
  options: ReconstructOptions,
): Promise<WrittenOutputs> {
  const { signal, onProgress, output, threads, overwrite = false } = options;
  const files = selection.snapshots.map(({ file }) => file);
  const weightsOf = (name: string) => plans.map((plan) => plan.weightsOf(name));
  const last = files.at(-1) as StoredFile;
  const bytesTotal = [...last.entries]
    .filter(([name]) => !copied.has(name))
    .reduce((sum, [name, e]) => sum + e.byteLength * filesInUse(files, weightsOf(name)).length, 0);
  let bytesRead = 0;

  const folder = output.endsWith('.safetensors') ? dirname(output) : output;
  const made = await outputFolder(folder);
  const writers: SafetensorsWriter[] = [];
  const watch = createFiniteWatch(plans, specs, files);
  try {
    await removeLeftovers(folder);
    await checkRoom(folder, specs, plans.length);
    for (const { file } of plans)
      writers.push(await createSafetensorsWriter(file.path, specs, metadataOf(last, file, specs, options)));
    const order = writers[0]?.names ?? [];
    const chunks = combineChunks({
      files,
      weightsOf,
      names: order.filter((name) => !copied.has(name)),
      encodeAs: (name) => encodingOf(specs[name]?.dtype),
      signal,
      threads,
      onBytes: (bytes) => {
        bytesRead += bytes;
        onProgress?.({ bytesRead, bytesTotal });
      },
    });
    try {
      let chunk = await chunks.next();
      for (const name of order) {
        const source = copied.get(name);
        if (source) await copy(source, writers, watch, signal);
        for (; !chunk.done && chunk.value.name === name; chunk = await chunks.next()) {
          const { sums } = chunk.value;
          await watch.look(chunk.value);
          await Promise.all(writers.map((writer, k) => writer.write(name, sums[k] as Sums)));
        }
      }
    } finally {
      await chunks.return();
    }
    signal?.throwIfAborted();
    await finish(writers, plans, overwrite);
    return { bytesRead, notFinite: watch.found() };
  } catch (error) {
    await Promise.all(writers.map((writer) => writer.abort()));
    if (made !== undefined) await removeEmpty(folder, made);
    throw error;
  }
}

/** Puts all results under their names; one that is there with the same bytes stays. */
async function finish(
  writers: readonly SafetensorsWriter[],
  plans: readonly OutputPlan[],
  overwrite: boolean,
): Promise<void> {
  const there = overwrite ? [] : await Promise.all(writers.map((writer) => writer.compare()));
  const other = plans[there.indexOf('other')]?.file.path;
  if (other !== undefined)
    throw new OptionError((option) =>
      [
        `reconstructFiles: expected nothing at ${other}, or the same average,`,
        'got one of that length and time with other numbers, from other snapshots.',
        `Choose another ${option('output')} or ${option('prefix')}; ${option('overwrite')} replaces it.`,
      ].join(' '),
    );
  await settleAll(writers.map((writer, k) => (there[k] === 'same' ? writer.abort() : writer.finish())));
}

/** How sums reach the writer, which itself rounds float32 to bfloat16. */
const encodingOf = (dtype: Dtype | undefined): EncodedDtype | undefined =>
  dtype === 'F64' ? undefined : dtype === 'F16' ? 'F16' : 'F32';

async function copy(
  { name, file }: CopiedTensor,
  writers: readonly SafetensorsWriter[],
  watch: FiniteWatch,
  signal: AbortSignal | undefined,
): Promise<void> {
  const size = file.entries.get(name)?.shape.reduce((product, side) => product * side, 1) ?? 0;
  for (let begin = 0; begin < size; begin += COPY_VALUES) {
    signal?.throwIfAborted();
    const values = await file.readRange(name, begin, Math.min(begin + COPY_VALUES, size));
    watch.lookAtCopy(name, values);
    await Promise.all(writers.map((writer) => writer.write(name, values)));
  }
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
  // Some network file systems report nothing, or refuse.
  const { bavail, bsize } = await statfs(folder).catch(() => ({ bavail: 0, bsize: 0 }));
  if (bavail > 0 && one * outputs > bavail * bsize)
    throw new Error(
      `reconstructFiles: expected room for ${outputs} × ${one} bytes in ${folder}, got ${bavail * bsize}. Free some space or name another folder.`,
    );
}

/** The outermost folder that had to be made. @throws {RangeError} when something else has the name. */
async function outputFolder(folder: string): Promise<string | undefined> {
  try {
    return await makeFolder(folder);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'ENOENT')
      throw new Error(
        `reconstructFiles: expected a folder that can be created, got ${folder} (${code}). Name another output.`,
        { cause },
      );
    if (code !== 'EEXIST' && code !== 'ENOTDIR') throw cause;
    throw new RangeError(`reconstructFiles: expected a folder at ${folder}, got a file. Name another output.`, {
      cause,
    });
  }
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
