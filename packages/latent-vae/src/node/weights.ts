import { basename, dirname, join } from 'node:path';
import {
  NUMPY_GLOBALS,
  openStateDict,
  type StateDictEntry,
  type StateDictFile,
  TORCH_GLOBALS,
} from '@edm2/tensor-files';
import { readJson } from './read-json.js';

/** Named tensors of an autoencoder's file, or of several. */
export type Weights = Omit<StateDictFile, 'path'>;

/** What checkpoints of training programs mention beside tensors; it stands for values that do nothing. */
const ALLOWED: readonly string[] = [
  ...TORCH_GLOBALS,
  ...NUMPY_GLOBALS,
  'pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint',
  'pytorch_lightning.callbacks.early_stopping.EarlyStopping',
];

/** Larger than any index: published ones have some hundred kilobytes. */
const MAX_INDEX_BYTES = 1 << 24;
/** Most files of one network; published ones have at most some dozen. */
const MAX_SHARDS = 1000;

/**
 * The files that hold the weights: one, or those that an index names.
 *
 * @throws {RangeError} (rejects) when the index is damaged.
 */
export async function weightFiles(path: string, fn: string): Promise<string[]> {
  if (!path.endsWith('.index.json')) return [path];
  return [...new Set((await readIndex(path, fn)).values())].sort().map((name) => join(dirname(path), name));
}

/**
 * Opens the weights of an autoencoder.
 *
 * @param path - a file, or the index of several.
 * @throws {RangeError} (rejects) when an index is damaged, or a file lacks a tensor that the index says it holds.
 */
export async function openWeights(path: string, fn: string): Promise<Weights> {
  if (!path.endsWith('.index.json')) return openStateDict(path, { allow: ALLOWED });
  const index = await readIndex(path, fn);
  const shards = new Map<string, StateDictFile>();
  const close = async (): Promise<void> => {
    for (const file of shards.values()) await file.close();
  };
  try {
    const entries = new Map<string, StateDictEntry>();
    for (const [name, shard] of index) {
      const file = shards.get(shard) ?? (await openStateDict(join(dirname(path), shard), { allow: ALLOWED }));
      shards.set(shard, file);
      const entry = file.entries.get(name);
      if (!entry)
        throw new RangeError(
          `${fn}: expected ${name} in ${file.path}, as ${basename(path)} says, got ${file.opaque.get(name) ?? 'no such tensor'}. Download both again.`,
        );
      entries.set(name, entry);
    }
    const fileOf = (name: string): StateDictFile => shards.get(index.get(name) ?? '') as StateDictFile;
    return {
      entries,
      opaque: new Map(),
      readFloat32: (name) => fileOf(name).readFloat32(name),
      verify: async () => {
        const checked = [];
        for (const file of shards.values()) checked.push(await file.verify());
        return checked.every(Boolean);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** In which file each tensor lies. */
async function readIndex(path: string, fn: string): Promise<ReadonlyMap<string, string>> {
  const index = await readJson(path, fn, MAX_INDEX_BYTES);
  const map = (index as { weight_map?: unknown } | null)?.weight_map;
  const names = typeof map === 'object' && map !== null ? Object.entries(map) : [];
  // A name that leads out of the folder does not belong to a network.
  const isPlain = (file: unknown): file is string =>
    typeof file === 'string' && /^[\w.-]+$/.test(file) && !file.startsWith('.');
  const files = new Map(names.flatMap(([name, file]) => (isPlain(file) ? [[name, file]] : [])));
  if (files.size === 0 || files.size !== names.length || new Set(files.values()).size > MAX_SHARDS)
    throw new RangeError(
      `${fn}: expected ${path} to map tensors to files beside it (weight_map), got something else. Download it again.`,
    );
  return files;
}
