import { open, readFile, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize, sep } from 'node:path';
import { io } from '@tensorflow/tfjs-core';
import { explainFileError } from '../file-error.js';
import { weightBytes } from './weight-bytes.js';

/** Larger than any description of a model, the largest published graphs included: 100 times those. More is another file. */
const MAX_JSON_BYTES = 1 << 28;
/** Files of weights: 4 MiB each, this is 256 GiB. */
const MAX_SHARDS = 1 << 16;
/** One read, below every platform's limit of 2 GiB. */
const MAX_READ_BYTES = 1 << 26;

/**
 * Reads a model.
 *
 * @param path - `model.json`, or the folder that holds it.
 */
export async function loadModel(path: string): Promise<io.ModelArtifacts> {
  try {
    const found = await stat(path);
    const file = found.isDirectory() ? join(path, 'model.json') : path;
    const json = parse(file, await readJson(file));
    return await io.getModelArtifactsForJSON(json, (manifest) => readWeights(file, manifest));
  } catch (error) {
    throw explainFileError(error, { fn: 'fileSystem' });
  }
}

async function readJson(file: string): Promise<string> {
  const { size } = await stat(file);
  if (size > MAX_JSON_BYTES) refuse(file, `a description of at most ${MAX_JSON_BYTES} bytes`, `${size}`);
  return readFile(file, 'utf8');
}

function parse(file: string, text: string): io.ModelJSON {
  let json: Partial<io.ModelJSON> | undefined;
  try {
    json = JSON.parse(text) as Partial<io.ModelJSON>;
  } catch {
    // Said below.
  }
  if (typeof json !== 'object' || json === null)
    return refuse(file, 'the JSON of a TensorFlow.js model', JSON.stringify(text.slice(0, 40)));
  if (json.modelTopology === undefined && json.weightsManifest === undefined)
    return refuse(
      file,
      'modelTopology or weightsManifest',
      `the fields ${Object.keys(json).slice(0, 6).join(', ') || '(none)'}`,
      'Name the model.json that model.save or tensorflowjs_converter wrote; models of Keras and SavedModels are converted first',
    );
  return json as io.ModelJSON;
}

async function readWeights(
  file: string,
  manifest: io.WeightsManifestConfig,
): Promise<[io.WeightsManifestEntry[], ArrayBuffer[]]> {
  if (
    !Array.isArray(manifest) ||
    !manifest.every(({ paths, weights }) => Array.isArray(paths) && Array.isArray(weights))
  )
    refuse(file, 'a weightsManifest of groups, each of paths and weights', 'another value');
  const paths = manifest.flatMap((group) => group.paths);
  if (paths.length > MAX_SHARDS) refuse(file, `at most ${MAX_SHARDS} files of weights`, `${paths.length}`);
  const buffers: ArrayBuffer[] = [];
  for (const { paths, weights } of manifest) {
    const group: ArrayBuffer[] = [];
    for (const path of paths) group.push(await readBytes(beside(file, path)));
    const actual = group.reduce((sum, { byteLength }) => sum + byteLength, 0);
    const expected = weightBytes(weights);
    if (expected !== undefined && actual !== expected)
      refuse(
        file,
        `${expected} bytes of weights in ${paths.join(', ')}`,
        `${actual}`,
        'The files belong to another model, or are cut short',
      );
    buffers.push(...group);
  }
  return [manifest.flatMap(({ weights }) => weights), buffers];
}

/** A file that the manifest names, which must lie in the model's folder: a model from elsewhere reads nothing else. */
function beside(file: string, path: unknown): string {
  const inside = typeof path === 'string' ? normalize(path) : '..';
  if (isAbsolute(inside) || inside === '..' || inside.startsWith(`..${sep}`))
    refuse(file, 'files of weights in its own folder', JSON.stringify(path));
  return join(dirname(file), inside);
}

async function readBytes(path: string): Promise<ArrayBuffer> {
  const handle = await open(path);
  try {
    const { size } = await handle.stat();
    const buffer = new ArrayBuffer(size);
    const bytes = new Uint8Array(buffer);
    for (let done = 0; done < size; ) {
      const { bytesRead } = await handle.read(bytes, done, Math.min(size - done, MAX_READ_BYTES), done);
      if (bytesRead === 0) refuse(path, `${size} bytes`, `${done}`, 'The file shrank while it was read');
      done += bytesRead;
    }
    return buffer;
  } finally {
    await handle.close();
  }
}

function refuse(file: string, expected: string, actual: string, remedy = 'Save or convert the model again'): never {
  throw new RangeError(`fileSystem: expected ${file} to hold ${expected}, got ${actual}. ${remedy}.`);
}
