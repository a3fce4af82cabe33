import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { explainFileError, fileErrorCode } from '@edm2/tensor-files';
import { DatasetError, openFailure as failure } from './errors.js';
import type { FileSource } from './file-source.js';
import { packedSource } from './packed-source.js';
import { readTarDirectory, TarFailure } from './tar-directory.js';

/** How many times its own size a .tar.gz may unpack to: images shrink by half at most, plain pixels of drawings by a hundred. */
const MAX_RATIO = 256;
const AGAIN = 'Fetch or write the archive again';

/**
 * Opens a tar. One that is gzipped cannot be read in any order: it is unpacked into a temporary file first, which goes away with `close`.
 *
 * @throws {DatasetError} (rejects) corrupt-tar; too-large.
 */
export async function openTar(path: string, gzipped: boolean): Promise<FileSource> {
  const scratch = gzipped ? await mkdtemp(join(tmpdir(), 'edm2-tar-')) : undefined;
  const clean = async (): Promise<void> => {
    if (scratch !== undefined) await rm(scratch, { recursive: true, force: true });
  };
  try {
    const plain = scratch === undefined ? path : join(scratch, 'archive.tar');
    if (scratch !== undefined) await unpack(path, plain);
    const handle = await open(plain);
    const close = async (): Promise<void> => {
      await handle.close();
      await clean();
    };
    try {
      return packedSource('tar', path, handle, await readTarDirectory(handle), close);
    } catch (error) {
      await handle.close();
      throw error;
    }
  } catch (cause) {
    await clean();
    if (cause instanceof TarFailure) throw failure('corrupt-tar', path, 'an intact tar', cause.message, AGAIN, cause);
    throw cause;
  }
}

async function unpack(path: string, to: string): Promise<void> {
  const most = MAX_RATIO * (await stat(path)).size + 2 ** 20;
  let bytes = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes <= most) return done(null, chunk);
      const got = `more than ${most} bytes`;
      done(
        failure(
          'too-large',
          path,
          `at most ${MAX_RATIO} times its own size when it is unpacked`,
          got,
          'Unpack it by hand',
        ),
      );
    },
  });
  await pipeline(createReadStream(path), createGunzip(), count, createWriteStream(to)).catch((cause: unknown) => {
    if (cause instanceof DatasetError) throw cause;
    if (['ENOSPC', 'EDQUOT'].includes(fileErrorCode(cause) ?? ''))
      throw explainFileError(cause, { fn: 'openDataset', path: to });
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw failure('corrupt-tar', path, 'intact gzip data', reason, AGAIN, cause);
  });
}
