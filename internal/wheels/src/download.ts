import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { DownloadError } from './download-error.js';
import { type Located, reasonOf } from './simple-index.js';

/** Times that a broken connection is taken up again without a byte of progress in between. */
const ATTEMPTS = 5;
/** Milliseconds without a byte after which a connection counts as broken. */
const STALL = 60_000;

/** Called as bytes arrive; bytes that were there before count as done. */
export type OnBytes = (bytes: number) => void;

/** What is fetched and to where. */
export interface DownloadOptions {
  /** Path of the finished file. Until then the bytes are in `<file>.part`, from which a later call goes on. */
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly onBytes?: OnBytes;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds between attempts; for tests. */
  readonly pause?: number;
}

/**
 * Fetches a file to disk, in one piece under its name or not at all: goes on where an earlier download stopped, takes up
 * broken connections, checks length and hash.
 *
 * @throws {DownloadError} when the connection breaks again and again; what has come stays for the next call.
 * @throws {Error} when what comes is not the pinned file; nothing of it stays.
 */
export async function download(from: Located, options: DownloadOptions): Promise<void> {
  const { file, bytes, sha256, onBytes = () => {}, signal, pause = 1000 } = options;
  const part = `${file}.part`;
  await mkdir(dirname(file), { recursive: true });
  const hash = createHash('sha256');
  const left = await hashExisting(part, bytes, hash);
  let done = left;
  onBytes(left);
  const handle = await open(part, left > 0 ? 'r+' : 'w');
  try {
    for (let attempt = 1; done < bytes; attempt++) {
      const before = done;
      try {
        for await (const chunk of stream(from, before, bytes, signal)) {
          await writeAll(handle, chunk, done);
          hash.update(chunk);
          done += chunk.length;
          onBytes(chunk.length);
        }
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof DownloadError && error.passing)) throw error;
        if (done > before) attempt = 0;
        if (attempt >= ATTEMPTS) throw error;
        await wait(pause * 2 ** attempt, undefined, { signal });
      }
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  const actual = hash.digest('hex');
  if (actual !== sha256) {
    await rm(part, { force: true });
    // What an earlier call left may be at fault: once more from the start.
    if (left > 0) return download(from, options);
    throw wrongFile(from, `SHA-256 ${sha256}`, actual);
  }
  await rename(part, file);
}

/** Hashes what an earlier download left. Longer than the file can be, it is thrown away. */
async function hashExisting(part: string, bytes: number, hash: Hash): Promise<number> {
  const size = await stat(part).then(
    (found) => found.size,
    () => 0,
  );
  if (size > bytes) {
    await rm(part);
    return 0;
  }
  if (size > 0) for await (const chunk of createReadStream(part)) hash.update(chunk);
  return size;
}

async function writeAll(handle: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < chunk.length; )
    written += (await handle.write(chunk, written, chunk.length - written, position + written)).bytesWritten;
}

/** Bytes of the file from `start` on. Ends early, or throws a DownloadError, where the connection breaks. */
async function* stream(
  { url, headers }: Located,
  start: number,
  bytes: number,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const stalled = new AbortController();
  let timer = setTimeout(() => stalled.abort(), STALL);
  let position = 0;
  try {
    const response = await fetch(url, {
      headers: { ...headers, ...(start > 0 ? { range: `bytes=${start}-` } : {}) },
      signal: signal ? AbortSignal.any([signal, stalled.signal]) : stalled.signal,
    });
    if (!response.ok) {
      const passing = response.status >= 500 || response.status === 429;
      throw new DownloadError(`expected ${url}, got HTTP ${response.status}. Try again later.`, { passing });
    }
    // A server that knows no ranges sends the whole file again: what is there already is skipped.
    position = response.status === 206 ? start : 0;
    for await (const chunk of response.body ?? []) {
      clearTimeout(timer);
      timer = setTimeout(() => stalled.abort(), STALL);
      const skip = Math.min(Math.max(0, start - position), chunk.length);
      position += chunk.length;
      if (position > bytes) throw wrongFile({ url }, `${bytes} bytes`, 'more');
      if (skip < chunk.length) yield chunk.subarray(skip);
    }
  } catch (cause) {
    if (cause instanceof WrongFileError || cause instanceof DownloadError) throw cause;
    throw broken(url, stalled.signal.aborted ? `no byte for ${STALL / 1000} s` : reasonOf(cause), cause);
  } finally {
    clearTimeout(timer);
  }
  if (position < bytes) throw broken(url, `${position} of ${bytes} bytes`);
}

const broken = (url: string, got: string, cause?: unknown): DownloadError =>
  new DownloadError(
    `expected ${url} to arrive whole, got ${got}. Run the command again: it goes on where it stopped.`,
    {
      cause,
      passing: true,
    },
  );

/** What came is not what is pinned. */
class WrongFileError extends Error {
  override readonly name = 'WrongFileError';
}

const wrongFile = ({ url }: { readonly url: string }, expected: string, got: string): WrongFileError =>
  new WrongFileError(
    `install: expected ${expected} from ${url}, got ${got}. It is not the pinned file: check the index settings (pip config list); nothing was installed.`,
  );
