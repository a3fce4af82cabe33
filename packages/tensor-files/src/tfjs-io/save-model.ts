import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { io } from '@tensorflow/tfjs-core';
import { writeFileAtomic } from '../atomic.js';
import { explainFileError } from '../file-error.js';
import { makeFolder } from '../make-folder.js';

/** One write. */
const PIECE_BYTES = 1 << 26;

/**
 * Writes a model into a folder, which is made if it is not there: weights first, `model.json` last, so that one that is there is whole.
 *
 * @param folder - absolute.
 * @param shardBytes - of one file of weights; Infinity: one `weights.bin`.
 */
export async function saveModel(
  folder: string,
  artifacts: io.ModelArtifacts,
  shardBytes: number,
): Promise<io.SaveResult> {
  if (artifacts.modelTopology instanceof ArrayBuffer)
    throw new TypeError(
      'fileSystem: expected a model described by JSON, got a binary graph. Save it with tensorflowjs_converter.',
    );
  if ((await stat(folder).catch(() => undefined))?.isFile())
    throw new RangeError(
      `fileSystem: expected a folder to save into, got the file ${folder}. Leave model.json out of the path.`,
    );
  await makeFolder(folder).catch((error: unknown) => {
    throw explainFileError(error, { fn: 'fileSystem' });
  });
  const data = await weightsOf(artifacts);
  const total = data.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const paths = shardNames(total, shardBytes);
  for (const [i, path] of paths.entries())
    await writeFileAtomic(
      join(folder, path),
      slice(data, i === 0 ? 0 : i * shardBytes, Math.min((i + 1) * shardBytes, total)),
    );
  await writeFileAtomic(join(folder, 'model.json'), JSON.stringify(describe(artifacts, paths)));
  return { modelArtifactsInfo: io.getModelArtifactsInfoForJSON(artifacts) };
}

/** The converter's names where there is more than one file, tfjs-node's where there is one. */
function shardNames(total: number, shardBytes: number): string[] {
  const count = Number.isFinite(shardBytes) ? Math.max(1, Math.ceil(total / shardBytes)) : 1;
  if (count === 1) return ['weights.bin'];
  return Array.from({ length: count }, (_, i) => `group1-shard${i + 1}of${count}.bin`);
}

/** The buffers of the weights in order; those of a stream are gathered. */
async function weightsOf({ weightData, getWeightStream }: io.ModelArtifacts): Promise<ArrayBuffer[]> {
  if (weightData !== undefined) return Array.isArray(weightData) ? weightData : [weightData];
  const gathered: ArrayBuffer[] = [];
  const reader = getWeightStream?.().getReader();
  for (let next = await reader?.read(); next?.value; next = await reader?.read()) gathered.push(next.value);
  return gathered;
}

/** Bytes `begin` up to, not including, `end` of buffers that lie one behind the other, in pieces. */
function* slice(buffers: readonly ArrayBuffer[], begin: number, end: number): Generator<Uint8Array> {
  let start = 0;
  for (const buffer of buffers) {
    const [from, to] = [Math.max(begin - start, 0), Math.min(end - start, buffer.byteLength)];
    for (let at = from; at < to; at += PIECE_BYTES) yield new Uint8Array(buffer, at, Math.min(PIECE_BYTES, to - at));
    start += buffer.byteLength;
  }
}

/** What `model.json` says: every field of the artifacts but the weights themselves. */
function describe(artifacts: io.ModelArtifacts, paths: string[]): io.ModelJSON {
  const { weightData: _, getWeightStream: __, weightSpecs = [], modelTopology, ...rest } = artifacts;
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined && value !== null));
  return { modelTopology: modelTopology as object, ...given, weightsManifest: [{ paths, weights: weightSpecs }] };
}
