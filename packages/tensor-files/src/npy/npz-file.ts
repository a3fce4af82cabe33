import { open } from 'node:fs/promises';
import { allocate, checkSize, type Oversize } from '../allocate.js';
import { describeOther, identifyZip } from '../identify/identify-file.js';
import { readZipChunks } from '../zip/chunks.js';
import { readZipDirectory, type ZipEntry, type ZipSource } from '../zip/directory.js';
import { checkZipHeader } from '../zip/entries.js';
import { isAppleDouble } from '../zip/entry-name.js';
import { zipBytes } from '../zip/reader.js';
import { ZipError, type ZipErrorCode } from '../zip/zip-error.js';
import type { NpyArray } from './npy-array.js';
import { type NpyData, type NpyDtype, npyBytes } from './npy-dtype.js';
import { checkParts, chunkElements, NPY_CHUNK_BYTES, type NpyChunksOptions } from './npy-file.js';
import {
  type AnyNpyHeader,
  MAX_NPY_HEADER_BYTES,
  NPY_PREAMBLE_BYTES,
  numberType,
  parseAnyHeader,
} from './npy-header.js';
import { checkLength, decodeTexts, decodeValues, itemBytesOf, layoutOf, sizeOf } from './npy-values.js';
import { NpyParseError } from './parse-error.js';

/** Most arrays of an archive; those that are exchanged (statistics, feature sets) hold a few. */
const MAX_NPZ_ARRAYS = 10_000;

/** Bytes that are read at a time to see a member's header. */
const HEAD_BLOCK_BYTES = 1 << 12;

/** An array in an npz archive. */
export interface NpzEntry {
  /** In NumPy's spelling; undefined when it holds no numbers that are read. */
  readonly dtype: NpyDtype | undefined;
  /** The type as the member's header has it. */
  readonly descr: string;
  readonly shape: readonly number[];
  /** Bytes of the member, inflated. */
  readonly byteLength: number;
  /** Why its numbers cannot be read, when they cannot: it holds something else. */
  readonly problem: NpyParseError | undefined;
}

/** An open npz archive: its arrays are read when asked for. Close it when done. */
export interface NpzFile {
  /** Path as it was given, `<bytes>` when there is none. */
  readonly path: string;
  /** Names without `.npy`, in the archive's order. */
  readonly names: readonly string[];
  readonly entries: ReadonlyMap<string, NpzEntry>;
  has(name: string): boolean;
  /**
   * Reads one array whole, and compares it with its CRC-32.
   *
   * @throws {NpyParseError} (rejects) the entry's problem, or damage.
   * @throws {RangeError} (rejects) when there is no such array, or it is more than Node.js can hold at once: then read `chunks`.
   */
  read(name: string): Promise<NpyArray>;
  /**
   * Reads an array of texts (`<U3`, `|S5`), row-major; bytes are taken for UTF-8.
   *
   * @throws {NpyParseError} (rejects) when it holds something else, or is damaged.
   */
  readTexts(name: string): Promise<string[]>;
  /** Values of an array piece by piece in row-major order, for arrays in C order; the CRC-32 is compared at the end. */
  chunks(name: string, options?: NpyChunksOptions): AsyncGenerator<NpyData, void, undefined>;
  /**
   * Compares members with their CRC-32, those too that hold something else than numbers, in constant memory.
   *
   * @param options - `names`: which; default all.
   * @throws {NpyParseError} (rejects) code `'crc'` when a bit has changed.
   */
  verify(options?: { readonly names?: Iterable<string>; readonly signal?: AbortSignal | undefined }): Promise<void>;
  /** Closes the file; a second call does nothing. */
  close(): Promise<void>;
}

interface Member extends NpzEntry {
  readonly zipEntry: ZipEntry;
  readonly header: AnyNpyHeader | undefined;
}

/**
 * Opens an npz archive, stored or deflated, and reads the headers of its arrays. An array of a type that is not read has a `problem`, which is
 * thrown when it is taken: to leave it out would be silence, and the others are still of use.
 *
 * @param source - a path, or the archive's bytes.
 * @throws {NpyParseError} (rejects) when the archive is damaged or of another kind.
 * @throws {Error} (rejects) of the file system.
 */
export async function openNpz(source: string | Uint8Array): Promise<NpzFile> {
  const path = typeof source === 'string' ? source : '<bytes>';
  const handle = typeof source === 'string' ? await open(source) : undefined;
  try {
    const zip: ZipSource =
      handle === undefined
        ? { ...zipBytes(source as Uint8Array), size: source.length }
        : { read: handle.read.bind(handle), size: (await handle.stat()).size };
    const members = await readMembers(zip, source, path);
    return opened(zip, members, path, async () => handle?.close());
  } catch (error) {
    await handle?.close();
    throw error;
  }
}

async function readMembers(zip: ZipSource, source: string | Uint8Array, path: string): Promise<Map<string, Member>> {
  const fail = (code: NpyParseError['code'], field: string, text: string, cause?: unknown) =>
    new NpyParseError(code, { file: path, offset: 0, field }, text, cause);
  const entries = await readZipDirectory(zip, { maxEntries: MAX_NPZ_ARRAYS }).catch(async (error: unknown) => {
    const other = await describeOther(source, {
      what: 'an npz archive',
      kinds: ['npz', 'zip', 'damaged-zip'],
      isMarked: true,
    });
    throw other === undefined ? asParseError(path, 'archive', error) : fail('other-kind', 'start', other, error);
  });
  const kind = identifyZip(entries);
  if (kind.kind !== 'npz' && ![...entries.keys()].some((name) => name.endsWith('.npy')) && entries.size > 0)
    throw fail('other-kind', 'archive', `expected an npz archive, got ${kind.what}. ${kind.remedy}.`);
  const members = new Map<string, Member>();
  for (const [member, entry] of entries) {
    await checkZipHeader(zip, entry).catch((error: unknown) => {
      throw asParseError(path, member, error);
    });
    if (isAppleDouble(member)) continue;
    const name = member.replace(/\.npy$/, '');
    if (members.has(name))
      throw fail('duplicate-name', member, `expected unique names, got ${name} twice. Save it again.`);
    members.set(name, await describeMember(zip, entry, path));
  }
  return members;
}

/** What a member's header says, or why it has none. */
async function describeMember(zip: ZipSource, zipEntry: ZipEntry, path: string): Promise<Member> {
  const file = `${path}:${zipEntry.fileName}`;
  const byteLength = zipEntry.uncompressedSize;
  let header: AnyNpyHeader | undefined;
  let problem: NpyParseError | undefined;
  try {
    header = parseAnyHeader(await readHead(zip, zipEntry), file);
    const bytes = itemBytesOf(header);
    if (bytes !== undefined) checkLength(header, bytes, byteLength - header.dataStart, file, () => new Uint8Array());
    if (header.type.dtype === undefined) numberType(header, file);
  } catch (error) {
    problem = asProblem(path, zipEntry.fileName, error);
  }
  const { type, shape = [] } = header ?? {};
  return {
    dtype: problem ? undefined : type?.dtype,
    descr: type?.descr ?? '',
    shape,
    byteLength,
    problem,
    zipEntry,
    header,
  };
}

function asProblem(path: string, member: string, error: unknown): NpyParseError {
  const found = asParseError(path, member, error);
  if (found instanceof NpyParseError) return found;
  throw found;
}

/** The first bytes of a member: its header, and what comes with it. */
async function readHead(zip: ZipSource, entry: ZipEntry): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  let wanted = NPY_PREAMBLE_BYTES;
  for await (const piece of readZipChunks(zip, entry, { blockBytes: HEAD_BLOCK_BYTES })) {
    parts.push(piece);
    length += piece.length;
    if (length >= wanted && wanted === NPY_PREAMBLE_BYTES) {
      const head = Buffer.concat(parts);
      const declared = head[6] === 1 ? head.readUInt16LE(8) : head.readUInt32LE(8);
      wanted = NPY_PREAMBLE_BYTES + Math.min(declared, MAX_NPY_HEADER_BYTES + 1);
    }
    if (length >= wanted) break;
  }
  return Buffer.concat(parts);
}

function opened(
  zip: ZipSource,
  members: ReadonlyMap<string, Member>,
  path: string,
  release: () => Promise<void>,
): NpzFile {
  let isOpen = true;
  const fileOf = ({ zipEntry }: Member): string => `${path}:${zipEntry.fileName}`;
  const memberOf = (fn: string, name: string): Member => {
    const member = members.get(name);
    if (!isOpen)
      throw new Error(`${fn}: expected ${path} to be open, got a closed file. Close it after the last read.`);
    if (member) return member;
    throw new RangeError(`${fn}: expected an array of ${path}, got ${JSON.stringify(name)}. Its names are in .names.`);
  };
  const oversize = (fn: string, name: string): Oversize => ({
    fn,
    what: `${name} of ${path}`,
    remedy: 'Read it piece by piece: openNpz and its chunks',
  });
  /** Pieces of a member without its first bytes. */
  async function* values(member: Member, from: number, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    let skip = from;
    try {
      for await (const piece of readZipChunks(zip, member.zipEntry, { signal })) {
        const rest = piece.subarray(Math.min(skip, piece.length));
        skip -= piece.length - rest.length;
        if (rest.length > 0) yield rest;
      }
    } catch (error) {
      throw asParseError(path, member.zipEntry.fileName, error);
    }
  }
  const readBytes = async (fn: string, name: string, member: Member, header: AnyNpyHeader) => {
    const bytes = allocate(member.byteLength - header.dataStart, oversize(fn, name));
    let at = 0;
    for await (const piece of values(member, header.dataStart)) {
      bytes.set(piece, at);
      at += piece.length;
    }
    return bytes;
  };
  const numbersOf = (fn: string, name: string): { member: Member; header: AnyNpyHeader; dtype: NpyDtype } => {
    const member = memberOf(fn, name);
    if (member.problem) throw member.problem;
    const header = member.header as AnyNpyHeader;
    return { member, header, dtype: numberType(header, fileOf(member)) };
  };
  return {
    path,
    names: [...members.keys()],
    entries: members,
    has: (name) => members.has(name),
    async read(name) {
      const { member, header, dtype } = numbersOf('readNpz', name);
      if (dtype === '<f2') checkSize(sizeOf(header.shape) * 4, oversize('readNpz', name));
      const bytes = await readBytes('readNpz', name, member, header);
      return { dtype, shape: [...header.shape], data: decodeValues(bytes, layoutOf(header, dtype)) };
    },
    async readTexts(name) {
      const member = memberOf('readTexts', name);
      const { header, problem } = member;
      if (header?.type.text && problem?.code === 'dtype')
        return decodeTexts(await readBytes('readTexts', name, member, header), header);
      const got = header?.type.what ?? header?.type.descr ?? 'a member that is no array';
      const text = `expected an array of texts, got ${got}. Read it as what it is.`;
      throw new NpyParseError('dtype', { file: fileOf(member), offset: 0, field: 'descr' }, text);
    },
    async *chunks(name, { chunkBytes = NPY_CHUNK_BYTES, signal } = {}) {
      const { member, header, dtype } = numbersOf('chunks', name);
      checkParts('chunks', header, fileOf(member));
      const step = chunkElements(chunkBytes, npyBytes(dtype)) * npyBytes(dtype);
      let chunk = new Uint8Array(Math.min(step, member.byteLength - header.dataStart));
      let filled = 0;
      let left = member.byteLength - header.dataStart;
      for await (const piece of values(member, header.dataStart, signal))
        for (let at = 0; at < piece.length; ) {
          const part = piece.subarray(at, at + chunk.length - filled);
          chunk.set(part, filled);
          filled += part.length;
          at += part.length;
          if (filled < chunk.length) continue;
          left -= filled;
          yield decodeValues(chunk, layoutOf(header, dtype));
          chunk = new Uint8Array(Math.min(step, left));
          filled = 0;
        }
    },
    async verify({ names = members.keys(), signal } = {}) {
      for (const name of names) {
        const pieces = values(memberOf('verify', name), 0, signal);
        while (!(await pieces.next()).done);
      }
    },
    async close() {
      if (!isOpen) return;
      isOpen = false;
      await release();
    },
  };
}

/** What helps against faults other than damage. */
const REMEDIES: Partial<Record<ZipErrorCode, string>> = {
  encrypted: 'Save the arrays without a password',
  method: 'Save the arrays with numpy.savez',
  parts: 'Join the parts first',
};

/** Damage of the zip in words as an error of ours; others stay what they are. */
function asParseError(file: string, field: string, error: unknown): Error {
  if (!(error instanceof ZipError)) return error instanceof Error ? error : new Error(String(error));
  const code =
    error.code === 'duplicate-name' || error.code === 'crc' || error.code === 'too-large' ? error.code : 'zip';
  const remedy = REMEDIES[error.code] ?? 'Fetch or save the file again';
  const text = `expected an intact zip of arrays, got ${error.message}. ${remedy}.`;
  return new NpyParseError(code, { file, offset: 0, field }, text, error);
}
