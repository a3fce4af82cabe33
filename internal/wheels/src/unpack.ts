import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import yauzl, { type Entry, type ZipFile } from 'yauzl';

/** Bytes that one file of a wheel may have: the largest library has 1.1 GB. */
const MAX_FILE_BYTES = 4 * 2 ** 30;

/**
 * Unpacks some files of a wheel, one after the other, without holding any of them in memory.
 *
 * @param wheel - path of the wheel; its hash is checked already.
 * @param wanted - what is unpacked, by its path in the wheel.
 * @param folder - where to; made where it is missing.
 * @param onBytes - called as bytes are written.
 * @returns paths of the files, in the wheel.
 */
export async function unpack(
  wheel: string,
  wanted: RegExp,
  folder: string,
  { onBytes = () => {}, signal }: { onBytes?: (bytes: number) => void; signal?: AbortSignal | undefined } = {},
): Promise<string[]> {
  const zip = await yauzl.openPromise(wheel, { lazyEntries: true, autoClose: false });
  const files: string[] = [];
  try {
    for await (const entry of zip.eachEntry()) {
      if (!wanted.test(entry.fileName)) continue;
      if (entry.uncompressedSize > MAX_FILE_BYTES)
        throw new Error(
          `unpack: expected files of at most ${MAX_FILE_BYTES} bytes in ${wheel}, got ${entry.uncompressedSize} for ${entry.fileName}. The wheel is not one that is known here.`,
        );
      await extract(zip, entry, join(folder, entry.fileName), onBytes, signal);
      files.push(entry.fileName);
    }
  } finally {
    zip.close();
  }
  return files;
}

async function extract(
  zip: ZipFile,
  entry: Entry,
  path: string,
  onBytes: (bytes: number) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const source = await zip.openReadStreamPromise(entry);
  source.on('data', (chunk: Buffer) => onBytes(chunk.length));
  // The upper half of the attributes holds the mode where the zip was made on Unix; a program keeps its right to run.
  const mode = (entry.externalFileAttributes >>> 16) & 0o111 ? 0o755 : 0o644;
  const target = createWriteStream(path, { mode, flush: true });
  await (signal ? pipeline(source, target, { signal }) : pipeline(source, target));
}
