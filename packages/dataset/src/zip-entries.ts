import { type FileHandle, open } from 'node:fs/promises';
import yauzl, { type Entry } from 'yauzl';
import { MAX_IMAGES } from './limits.js';

const LOCAL_HEADER = 30;
const LOCAL_SIGNATURE = 0x04034b50;
const CENTRAL_SIGNATURE = 0x02014b50;

/**
 * Files of a zip's directory by name, folders left out.
 *
 * @throws {Error} (rejects) with the damage in words.
 */
export async function readDirectory(path: string): Promise<Map<string, Entry>> {
  const zip = await yauzl.openPromise(path, { lazyEntries: true, validateEntrySizes: true });
  try {
    if (zip.entryCount > MAX_IMAGES) throw new Error(`${zip.entryCount} entries, more than ${MAX_IMAGES},`);
    const entries = new Map<string, Entry>();
    for await (const entry of zip.eachEntry()) {
      if (entry.fileName.endsWith('/')) continue;
      if (entries.has(entry.fileName)) throw new Error(`two entries named ${entry.fileName}`);
      entries.set(entry.fileName, entry);
    }
    // The cursor is a number; @types/yauzl says boolean.
    await checkEnd(path, Number(zip.readEntryCursor));
    return entries;
  } finally {
    zip.close();
  }
}

/** With a damaged count the reading stops too early; what follows a whole directory is an end record. */
async function checkEnd(path: string, position: number): Promise<void> {
  const handle = await open(path);
  try {
    const signature = (await readAt(handle, position, 4)).readUInt32LE(0);
    if (signature === CENTRAL_SIGNATURE) throw new Error('more entries than the end record counts');
  } finally {
    await handle.close();
  }
}

/**
 * Compares an entry's own header with the directory.
 *
 * @returns where its data begins.
 * @throws {Error} (rejects) with the damage in words.
 */
export async function checkHeader(handle: FileHandle, entry: Entry): Promise<number> {
  const header = await readAt(handle, entry.relativeOffsetOfLocalHeader, LOCAL_HEADER + entry.fileNameLength);
  if (header.readUInt32LE(0) !== LOCAL_SIGNATURE) throw new Error('no entry header where the directory points');
  const nameLength = header.readUInt16LE(26);
  if (nameLength !== entry.fileNameLength || !header.subarray(LOCAL_HEADER).equals(entry.fileNameRaw))
    throw new Error('an entry header that bears another name');
  return entry.relativeOffsetOfLocalHeader + LOCAL_HEADER + nameLength + header.readUInt16LE(28);
}

/** An entry's bytes as stored, compressed or not. */
export async function readRaw(handle: FileHandle, entry: Entry): Promise<Buffer> {
  return readAt(handle, await checkHeader(handle, entry), entry.compressedSize);
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await handle.read(buffer, done, length - done, position + done);
    if (bytesRead === 0) throw new Error(`the end of the file ${length - done} bytes too early`);
    done += bytesRead;
  }
  return buffer;
}
