import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readZipDirectory, type ZipEntry } from '../zip/directory.js';
import { STORED } from '../zip/entries.js';
import { isAppleDouble } from '../zip/entry-name.js';
import { type FileKind, type FileKindName, plainKind } from './file-kind.js';
import { HEAD_BYTES, identifyBytes } from './identify-bytes.js';

/** Most entries of a zip that is looked into; another is a zip and no more. */
const MAX_ENTRIES = 1 << 20;

/** Names of a zip that an error shows. */
const MAX_NAMES = 3;

/**
 * What a file is by its first bytes, and for a zip by the names in it: for errors of readers that expected another.
 *
 * @param source - a path, or the file's bytes.
 * @returns undefined when it is none of the kinds that are told apart, or cannot be read.
 */
export async function identifyFile(source: string | Uint8Array): Promise<FileKind | undefined> {
  try {
    if (typeof source !== 'string') return await withZip(identifyBytes(source), source);
    if ((await stat(source)).isDirectory()) return await identifyFolder(source);
    return await withZip(await identifyPath(source), source);
  } catch {
    return undefined; // what reading it says, the reader has said
  }
}

async function identifyPath(path: string): Promise<FileKind | undefined> {
  const handle = await open(path);
  try {
    const { size } = await handle.stat();
    const read = async (from: number): Promise<Uint8Array> => {
      const bytes = Buffer.alloc(Math.min(HEAD_BYTES, size - from));
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, from);
      return bytes.subarray(0, bytesRead);
    };
    const head = await read(0);
    return identifyBytes(head, { size, tail: await read(Math.max(0, size - HEAD_BYTES)) });
  } finally {
    await handle.close();
  }
}

async function withZip(kind: FileKind | undefined, source: string | Uint8Array): Promise<FileKind | undefined> {
  if (kind?.kind !== 'zip') return kind;
  const entries = await readZipDirectory(source, { maxEntries: MAX_ENTRIES }).catch(() => undefined);
  return entries ? identifyZip(entries) : plainKind('damaged-zip');
}

/** What a zip is by the names in it. */
export function identifyZip(entries: ReadonlyMap<string, ZipEntry>): FileKind {
  const names = [...entries.keys()].filter((name) => !isAppleDouble(name));
  const has = (pattern: RegExp): boolean => names.some((name) => pattern.test(name));
  if (has(/^([^/]+\/)?\.data\/extern_modules$/)) return plainKind('torch-package');
  if (has(/^([^/]+\/)?archive_format$/)) return plainKind('torch-export');
  if (has(/^([^/]+\/)?constants\.pkl$/) && has(/^([^/]+\/)?(code\/|data\.pkl$)/)) return plainKind('torchscript');
  if (has(/^([^/]+\/)?data\.pkl$/)) {
    const isPacked = [...entries.values()].some((entry) => entry.compressionMethod !== STORED);
    return plainKind(isPacked ? 'torch-repacked' : 'torch-zip');
  }
  if (has(/^model\.weights\.h5$/)) return plainKind('keras');
  if (names.length > 0 && names.every((name) => name.endsWith('.npy') && !name.includes('/'))) return plainKind('npz');
  if (names.length === 0) return { ...plainKind('zip'), what: 'a zip of nothing', remedy: 'Fetch or save it again' };
  const some = names.slice(0, MAX_NAMES).map((name) => JSON.stringify(name.slice(0, 40)));
  const more = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : '';
  return { ...plainKind('zip'), what: `a zip of ${some.join(', ')}${more}` };
}

async function identifyFolder(path: string): Promise<FileKind | undefined> {
  const names = await readdir(path);
  if (names.includes('data.pkl') && names.includes('version')) return plainKind('torch-folder');
  if (names.includes('saved_model.pb'))
    return { ...plainKind('tensorflow'), what: 'the folder of a SavedModel of TensorFlow' };
  for (const name of names.slice(0, MAX_NAMES)) {
    const inside = await readdir(join(path, name)).catch((): string[] => []);
    if (inside.includes('data.pkl') && inside.includes('version')) return plainKind('torch-folder');
  }
  return undefined;
}

/** What a reader reads, for {@link describeOther}. */
export interface Expected {
  /** With its article: `a safetensors file`. */
  readonly what: string;
  readonly kinds: readonly FileKindName[];
  /** Whether every intact file of it begins with bytes that are told apart: then another is of another kind, known or not. */
  readonly isMarked?: boolean;
}

/**
 * What a source is instead of what a reader expected, as the text of its error.
 *
 * @returns undefined when it is what was expected, damaged or not, or cannot be told: then the reader's own error stands.
 */
export async function describeOther(source: string | Uint8Array, expected: Expected): Promise<string | undefined> {
  return otherText(await identifyFile(source), expected);
}

/** {@link describeOther} of bytes, without a look into zips. */
export const describeOtherBytes = (bytes: Uint8Array, expected: Expected): string | undefined =>
  otherText(identifyBytes(bytes), expected);

function otherText(found: FileKind | undefined, { what, kinds, isMarked = false }: Expected): string | undefined {
  const kind = found ?? (isMarked ? plainKind('unknown') : undefined);
  // Nothing is left of an empty one: the reader says what it lacks.
  return kind && kind.kind !== 'empty' && !kinds.includes(kind.kind)
    ? `expected ${what}, got ${kind.what}. ${kind.remedy}.`
    : undefined;
}
