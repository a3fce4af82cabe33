import { type FileHandle, open } from 'node:fs/promises';
import { describeOther } from '../identify/identify-file.js';
import { isLegacyTorch } from '../identify/pickle-heads.js';
import { fileSource } from './byte-source.js';
import { MAX_EAGER_BYTES } from './limits.js';
import { MEANINGS } from './meanings.js';
import { PickleParseError } from './parse-error.js';
import { readPlainPickle } from './plain-pickle.js';
import type { ReadPickleOptions } from './read-pickle.js';
import { TORCH_GLOBALS } from './torch.js';
import { readLegacy } from './torch-legacy.js';
import { openTorchZip, type TorchZip } from './torch-zip.js';
import type { PickleValue } from './values.js';

/** A pickle or checkpoint that stays open: its tensors are in the file until they are read. Close it when done. */
export interface PickleFile {
  /** Path as it was given. */
  readonly path: string;
  readonly value: PickleValue;
  /**
   * Compares every entry of a zip with its CRC-32, in constant memory.
   *
   * @returns true when all agree, false for a file that is no zip and carries no checksums.
   * @throws {PickleParseError} (rejects) code `'crc'` when a bit has changed.
   */
  verify(options?: { readonly signal?: AbortSignal | undefined }): Promise<boolean>;
  /** Closes the file; a second call does nothing. */
  close(): Promise<void>;
}

/**
 * Opens a pickle, or a checkpoint of `torch.save` old or new. Names, shapes and small values are read; tensors and long bytes stay in the
 * file until asked for, so that memory does not grow with them.
 *
 * @param options - `allow` as for `readPickle`.
 * @throws {PickleParseError} (rejects) as `readPickle`.
 * @throws {Error} (rejects) of the file system.
 */
export async function openPickle(path: string, { allow }: Pick<ReadPickleOptions, 'allow'>): Promise<PickleFile> {
  return opened(path, 'a pickle or a PyTorch checkpoint', async (handle) => {
    const { size } = await handle.stat();
    const source = fileSource(handle, size);
    const head = source.peek(0, 16);
    if (head[0] === 0x50 && head[1] === 0x4b) return openTorchZip(handle, path, [...allow]);
    const options = { allow: [...allow], meanings: MEANINGS };
    if (isLegacyTorch(head)) return { value: readLegacy(source, path, options), verify: async () => false };
    const value = readPlainPickle(source, { ...options, file: path, eagerBytes: MAX_EAGER_BYTES });
    return { value, verify: async () => false };
  });
}

/**
 * Opens a checkpoint of `torch.save`, which is a zip since PyTorch 1.6. Tensors stay in the file until they are read.
 *
 * @param options - `allow`: names that it may use. Default {@link TORCH_GLOBALS}: tensors, lists, dictionaries.
 * @throws {PickleParseError} (rejects) code `'zip'` when it is another file or damaged, otherwise as `readPickle`.
 * @throws {Error} (rejects) of the file system.
 */
export async function readTorchZip(
  path: string,
  { allow = TORCH_GLOBALS }: Partial<Pick<ReadPickleOptions, 'allow'>> = {},
): Promise<PickleFile> {
  return opened(path, 'a PyTorch checkpoint', (handle) => openTorchZip(handle, path, [...allow]));
}

async function opened(
  path: string,
  what: string,
  read: (handle: FileHandle) => Promise<TorchZip>,
): Promise<PickleFile> {
  const handle = await open(path, 'r');
  try {
    const { value, verify } = await read(handle);
    let isOpen = true;
    return {
      path,
      value,
      verify,
      async close() {
        if (!isOpen) return;
        isOpen = false;
        await handle.close();
      },
    };
  } catch (error) {
    await handle.close();
    const other = await describeOther(path, { what, kinds: READ });
    if (other === undefined) throw error;
    throw new PickleParseError('other-kind', { file: path, offset: 0, field: 'start' }, other, error);
  }
}

const READ = ['pickle', 'torch-legacy', 'torch-zip', 'torch-repacked', 'damaged-zip'] as const;
