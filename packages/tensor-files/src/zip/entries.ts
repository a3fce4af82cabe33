import { open } from 'node:fs/promises';
import yauzl, { type Entry } from 'yauzl';

const LOCAL_HEADER = 30;
const LOCAL_SIGNATURE = 0x04034b50;
const CENTRAL_SIGNATURE = 0x02014b50;
const END_SIGNATURE = 0x06054b50;
const END_RECORD = 22;
/** Flag of an entry that was written without knowing its size: the header's fields may be 0, the true ones follow the data. */
const SIZES_FOLLOW = 8;
/** A size that stands in the header's zip64 field instead. */
const IN_EXTRA_FIELD = 0xffffffff;

/** What a zip is read from: an open file, or {@link zipBytes}. */
export interface ZipReader {
  read(buffer: Buffer, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>;
}

/** A zip in memory. */
export const zipBytes = (bytes: Uint8Array): ZipReader => ({
  read: async (buffer, offset, length, position) => {
    const part = bytes.subarray(position, position + length);
    buffer.set(part, offset);
    return { bytesRead: part.length };
  },
});

/**
 * Files of a zip's directory by name, folders left out. The directory must be whole and agree with its end record.
 *
 * @param source - its path, or its bytes.
 * @param maxEntries - most entries that it may have.
 * @throws {Error} (rejects) with the damage in words.
 */
export async function readZipDirectory(
  source: string | Uint8Array,
  { maxEntries }: { readonly maxEntries: number },
): Promise<Map<string, Entry>> {
  const options = { lazyEntries: true, validateEntrySizes: true };
  const zip =
    typeof source === 'string'
      ? await yauzl.openPromise(source, options)
      : await yauzl.fromBufferPromise(Buffer.from(source.buffer, source.byteOffset, source.byteLength), options);
  try {
    if (zip.entryCount > maxEntries) throw new Error(`${zip.entryCount} entries, more than ${maxEntries},`);
    const entries = new Map<string, Entry>();
    for await (const entry of zip.eachEntry()) {
      if (entry.fileName.endsWith('/')) continue;
      if (entries.has(entry.fileName)) throw new Error(`two entries named ${entry.fileName}`);
      entries.set(entry.fileName, entry);
    }
    // The cursor is a number; @types/yauzl says boolean.
    await checkEnd(source, Number(zip.readEntryCursor));
    return entries;
  } finally {
    zip.close();
  }
}

/** With a damaged count the reading stops too early; what follows a whole directory is an end record. */
async function checkEnd(source: string | Uint8Array, position: number): Promise<void> {
  if (typeof source !== 'string') return checkEndRecord(zipBytes(source), position);
  const handle = await open(source);
  try {
    await checkEndRecord(handle, position);
  } finally {
    await handle.close();
  }
}

async function checkEndRecord(handle: ZipReader, position: number): Promise<void> {
  const signature = (await readAt(handle, position, 4)).readUInt32LE(0);
  if (signature === CENTRAL_SIGNATURE) throw new Error('more entries than the end record counts');
  if (signature !== END_SIGNATURE) return; // a zip64 record, or a signed directory
  const end = await readAt(handle, position, END_RECORD);
  const [here, all] = [end.readUInt16LE(8), end.readUInt16LE(10)];
  if (here !== all) throw new Error(`an end record that counts ${here} entries of ${all}`);
  const [size, offset] = [end.readUInt32LE(12), end.readUInt32LE(16)];
  if (size !== IN_EXTRA_FIELD && offset + size !== position)
    throw new Error(`an end record with a directory of ${size} bytes, not ${position - offset}`);
}

/**
 * Compares an entry's own header with the directory.
 *
 * @param handle - the zip, open.
 * @param entry - of {@link readZipDirectory}.
 * @returns where its data begins.
 * @throws {Error} (rejects) with the damage in words.
 */
export async function checkZipHeader(handle: ZipReader, entry: Entry): Promise<number> {
  const header = await readAt(handle, entry.relativeOffsetOfLocalHeader, LOCAL_HEADER + entry.fileNameLength);
  if (header.readUInt32LE(0) !== LOCAL_SIGNATURE) throw new Error('no entry header where the directory points');
  const nameLength = header.readUInt16LE(26);
  if (nameLength !== entry.fileNameLength || !header.subarray(LOCAL_HEADER).equals(entry.fileNameRaw))
    throw new Error('an entry header that bears another name');
  checkFields(header, entry);
  return entry.relativeOffsetOfLocalHeader + LOCAL_HEADER + nameLength + header.readUInt16LE(28);
}

/** What the header repeats of the directory; reading needs it from there alone, but where the two differ one of them is damaged. */
function checkFields(header: Buffer, entry: Entry): void {
  const { compressionMethod, crc32, compressedSize, uncompressedSize } = entry;
  const later = (entry.generalPurposeBitFlag & SIZES_FOLLOW) !== 0;
  const fields = [
    ['compression method', header.readUInt16LE(8), compressionMethod, []],
    ['CRC-32', header.readUInt32LE(14), crc32, later ? [0] : []],
    ['compressed size', header.readUInt32LE(18), compressedSize, later ? [0, IN_EXTRA_FIELD] : [IN_EXTRA_FIELD]],
    ['size', header.readUInt32LE(22), uncompressedSize, later ? [0, IN_EXTRA_FIELD] : [IN_EXTRA_FIELD]],
  ] as const;
  for (const [name, here, there, unset] of fields)
    if (here !== there && !unset.some((value) => value === here))
      throw new Error(`an entry header with ${name} ${here} where the directory has ${there}`);
}

/** An entry's bytes as stored, compressed or not. */
export async function readZipEntry(handle: ZipReader, entry: Entry): Promise<Buffer> {
  return readAt(handle, await checkZipHeader(handle, entry), entry.compressedSize);
}

async function readAt(handle: ZipReader, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await handle.read(buffer, done, length - done, position + done);
    if (bytesRead === 0) throw new Error(`the end of the file ${length - done} bytes too early`);
    done += bytesRead;
  }
  return buffer;
}
