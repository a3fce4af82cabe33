import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isLockFile, readSafetensors, readZipDirectory } from '@edm2/tensor-files';

/** Files below a folder, relative to it, sorted; none where there is no such folder. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

/** Hash of a file's bytes. */
const hashOf = async (path: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex');

/** Hashes of all files below a folder whose names are wanted. */
export async function hashes(folder: string, wanted: (name: string) => boolean): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const all = (await filesBelow(folder)).filter(wanted);
  for (const name of all.filter((each) => isFinal(each, all))) found.set(name, await hashOf(join(folder, name)));
  return found;
}

/**
 * Whether a file of a run is the same however often it was interrupted: of training states the newest, since an interruption writes one of its
 * own.
 */
const isFinal = (name: string, all: readonly string[]): boolean =>
  !name.includes('training-state-') || !all.some((other) => sameFolder(other, name) && timeOf(other) > timeOf(name));

/** Of a training state, the images in its name; of any other file, less. */
const timeOf = (name: string): number => {
  const [, thousands = '-1', rest = '0'] = /training-state-(\d+)(?:\.(\d{3}))?\.safetensors$/.exec(name) ?? [];
  return 1000 * Number(thousands) + Number(rest);
};
const sameFolder = (a: string, b: string): boolean => dirname(a) === dirname(b);

const isTemporary = (name: string): boolean => /\.tmp$/.test(name);

/** What is not whole under its final name, in words: nothing, after whatever happened. */
export async function brokenFiles(folder: string): Promise<string[]> {
  const broken: string[] = [];
  for (const name of await filesBelow(folder)) {
    const base = name.split('/').at(-1) ?? '';
    if (isTemporary(base) || isLockFile(base)) continue;
    const why = await reasonBroken(join(folder, name));
    if (why !== undefined) broken.push(`${name}: ${why}`);
  }
  return broken;
}

async function reasonBroken(path: string): Promise<string | undefined> {
  try {
    if (path.endsWith('.safetensors')) {
      const file = await readSafetensors(path);
      await file.verify().finally(() => file.close());
    } else if (path.endsWith('.json')) JSON.parse(await readFile(path, 'utf8'));
    else if (path.endsWith('.png')) {
      const bytes = await readFile(path);
      if (!bytes.subarray(-8, -4).equals(Buffer.from('IEND'))) return 'cut off';
    } else if (path.endsWith('.zip')) await readZipDirectory(path, { maxEntries: 100_000 });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** What a command should have tidied away at its end. */
export const leftovers = async (folder: string): Promise<string[]> =>
  (await filesBelow(folder)).filter((name) => {
    const base = name.split('/').at(-1) ?? '';
    return isTemporary(base) || isLockFile(base);
  });
