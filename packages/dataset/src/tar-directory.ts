import type { FileHandle } from 'node:fs/promises';
import { MAX_IMAGES } from './limits.js';

/** A file inside a tar. */
export interface TarEntry {
  /** First byte of its content. */
  readonly start: number;
  readonly size: number;
}

/** Why a tar is not read; the message fits "got …". */
export class TarFailure extends Error {
  override readonly name = 'TarFailure';
}

const BLOCK = 512;
/** A name or an attribute in a block of its own: paths are shorter than 4 KiB. */
const MAX_ATTRIBUTES = 2 ** 20;

/** Whether a block is a header: its checksum, in which its own field counts as spaces, is right. */
export function isTarHeader(block: Uint8Array): boolean {
  if (block.length < BLOCK) return false;
  let sum = 8 * 0x20;
  for (let i = 0; i < BLOCK; i++) if (i < 148 || i >= 156) sum += block[i] as number;
  return sum === Number.parseInt(text(block, 148, 8).trim() || 'x', 8);
}

/**
 * The files of a tar (POSIX ustar and pax, GNU's long names), by name; of two of one name the later, as tar itself has it. Folders and links
 * are left out. Reads headers only.
 *
 * @throws {TarFailure} (rejects) when a header is damaged, or the file ends within an entry.
 */
export async function readTarDirectory(handle: FileHandle): Promise<Map<string, TarEntry>> {
  const { size: end } = await handle.stat();
  const files = new Map<string, TarEntry>();
  let long: Attributes = {};
  for (let at = 0; at + BLOCK <= end; ) {
    const block = await readAt(handle, at, BLOCK);
    if (block.every((byte) => byte === 0)) return files;
    if (!isTarHeader(block)) throw new TarFailure(`a damaged header at byte ${at}`);
    const type = String.fromCharCode(block[156] as number);
    const size = long.size ?? numberOf(block, 124, 12);
    const start = at + BLOCK;
    if (!Number.isSafeInteger(size) || start + size > end)
      throw new TarFailure(`the end of the file at byte ${end}, within the entry at byte ${at}`);
    at = start + BLOCK * Math.ceil(size / BLOCK);
    if (type === 'x' || type === 'L') {
      if (size > MAX_ATTRIBUTES) throw new TarFailure(`a name of ${size} bytes at byte ${start}`);
      const content = await readAt(handle, start, size);
      long = type === 'L' ? { ...long, path: text(content, 0, size) } : { ...long, ...paxOf(content) };
      continue;
    }
    if (type === '0' || type === '\0') {
      const name = plain(long.path ?? nameOf(block));
      if (name !== '' && !name.endsWith('/')) files.set(name, { start, size });
      if (files.size > MAX_IMAGES) throw new TarFailure(`more than ${MAX_IMAGES} files`);
    }
    if (type !== 'g' && type !== 'K') long = {};
  }
  // A block of zeros ends a tar: without it nobody knows what is missing.
  throw new TarFailure(`the end of the file at byte ${end}, before the tar's own`);
}

interface Attributes {
  readonly path?: string;
  readonly size?: number;
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

function text(bytes: Uint8Array, start: number, length: number): string {
  const field = bytes.subarray(start, start + length);
  const end = field.indexOf(0);
  return Buffer.from(end < 0 ? field : field.subarray(0, end)).toString('utf8');
}

/** Octal digits, or, where the first bit is set, bytes of a number (GNU). */
function numberOf(block: Uint8Array, start: number, length: number): number {
  if (((block[start] as number) & 0x80) === 0) return Number.parseInt(text(block, start, length).trim() || '0', 8);
  let value = (block[start] as number) & 0x7f;
  for (let i = 1; i < length; i++) value = value * 256 + (block[start + i] as number);
  return value;
}

function nameOf(block: Uint8Array): string {
  const name = text(block, 0, 100);
  const prefix = text(block, 257, 5) === 'ustar' ? text(block, 345, 155) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** Lines `<length> <key>=<value>`; the length counts the line. */
function paxOf(content: Uint8Array): Attributes {
  const found: { path?: string; size?: number } = {};
  for (let at = 0; at < content.length; ) {
    const length = Number.parseInt(text(content, at, 20), 10);
    if (!(length > 3) || at + length > content.length) break;
    const [, key = '', value = ''] = /^\d+ ([^=]+)=([\s\S]*)\n$/.exec(text(content, at, length)) ?? [];
    if (key === 'path') found.path = value;
    if (key === 'size') found.size = Number(value);
    at += length;
  }
  return found;
}

/** Without what leads out of the archive: nothing is unpacked, and names are names only. */
const plain = (name: string): string =>
  name
    .replaceAll('\\', '/')
    .split('/')
    .filter((part, i, all) => part !== '..' && part !== '.' && (part !== '' || i === all.length - 1))
    .join('/');
