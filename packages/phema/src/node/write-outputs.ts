import { rmdir, statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import {
  createSafetensorsWriter,
  type Dtype,
  makeFolder,
  type SafetensorsWriter,
  type TensorSpec,
} from '@edm2/tensor-files';
import type { Sums } from './accumulator.js';
import { combineChunks, filesInUse, settleAll } from './combine.js';
import type { EncodedDtype } from './encode-kernels.js';
import { isFloat } from './float-type.js';
import { metadataOf, type OutputPlan } from './output-plan.js';
import type { ReconstructOptions } from './reconstruct-options.js';
import type { Selection } from './select.js';
import type { StoredFile } from './stored-file.js';

/** Values copied at a time. */
const COPY_VALUES = 1 << 17;

/**
 * Writes all results in one pass over the snapshots; on any error none of them is left.
 *
 * @returns bytes read.
 */
export async function writeOutputs(
  selection: Selection,
  plans: readonly OutputPlan[],
  specs: Record<string, TensorSpec>,
  { signal, onProgress, output, tensorSigmaRels, threads }: ReconstructOptions,
): Promise<number> {
  const files = selection.snapshots.map(({ file }) => file);
  const weightsOf = (name: string) => plans.map((plan) => plan.weightsOf(name));
  const last = files.at(-1) as StoredFile;
  const isAveraged = (name: string) => isFloat(last.entries.get(name)?.dtype ?? 'I8');
  const bytesTotal = [...last.entries]
    .filter(([name]) => isAveraged(name))
    .reduce((sum, [name, e]) => sum + e.byteLength * filesInUse(files, weightsOf(name)).length, 0);
  let bytesRead = 0;

  const folder = output.endsWith('.safetensors') ? dirname(output) : output;
  const made = await outputFolder(folder);
  const writers: SafetensorsWriter[] = [];
  try {
    await checkRoom(folder, specs, plans.length);
    for (const { file } of plans)
      writers.push(await createSafetensorsWriter(file.path, specs, metadataOf(last, file, specs, tensorSigmaRels)));
    const order = writers[0]?.names ?? [];
    const chunks = combineChunks({
      files,
      weightsOf,
      names: order.filter(isAveraged),
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
        if (!isAveraged(name)) await copy(last, name, writers, signal);
        for (; !chunk.done && chunk.value.name === name; chunk = await chunks.next()) {
          const { sums } = chunk.value;
          await Promise.all(writers.map((writer, k) => writer.write(name, sums[k] as Sums)));
        }
      }
    } finally {
      await chunks.return();
    }
    signal?.throwIfAborted();
    await settleAll(writers.map((writer) => writer.finish()));
    return bytesRead;
  } catch (error) {
    await Promise.all(writers.map((writer) => writer.abort()));
    if (made !== undefined) await removeEmpty(folder, made);
    throw error;
  }
}

/** How sums reach the writer, which itself rounds float32 to bfloat16. */
const encodingOf = (dtype: Dtype | undefined): EncodedDtype | undefined =>
  dtype === 'F64' ? undefined : dtype === 'F16' ? 'F16' : 'F32';

async function copy(
  file: StoredFile,
  name: string,
  writers: readonly SafetensorsWriter[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const size = file.entries.get(name)?.shape.reduce((product, side) => product * side, 1) ?? 0;
  for (let begin = 0; begin < size; begin += COPY_VALUES) {
    signal?.throwIfAborted();
    const values = await file.readRange(name, begin, Math.min(begin + COPY_VALUES, size));
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

/** The outermost folder that had to be made. @throws {RangeError} when something else bears the name. */
async function outputFolder(folder: string): Promise<string | undefined> {
  try {
    return await makeFolder(folder);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'ENOENT')
      throw new Error(
        `reconstructFiles: expected a folder that can be made, got ${folder} (${code}). Name another output.`,
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
