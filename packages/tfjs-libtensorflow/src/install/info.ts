import os from 'node:os';
import { join } from 'node:path';
import { bytesOf } from '@edm2/wheels/folders';
import { Runtime } from '../native/runtime.js';
import { cacheFolder } from './folders.js';
import { findInstallations, type Installation } from './locate.js';
import { checkNode } from './platform.js';

/** What is installed. */
export interface InstallInfo {
  readonly directory: string;
  /** The one that is started by default comes first. */
  readonly installations: readonly (Installation & { readonly bytes: number })[];
  /** What the first one says of itself when it is opened; its error when it does not open. */
  readonly opened?: { readonly version: string; readonly devices: readonly string[] } | { readonly error: string };
}

/** Lists installations with their sizes, and opens the first one to see which devices answer. */
export function info({ directory = cacheFolder() }: { directory?: string } = {}): InstallInfo {
  const installations = findInstallations(directory).map((found) => ({ ...found, bytes: sizeOf(found.folder) }));
  const [first] = installations;
  return { directory, installations, ...(first && { opened: open(first) }) };
}

function open({ file, variant }: Installation): NonNullable<InstallInfo['opened']> {
  try {
    checkNode(process.versions.node);
    const config = { threads: os.availableParallelism(), gpu: variant === 'cuda', memory: 'grow', index: 0 } as const;
    const { version, devices } = new Runtime(file, config);
    return { version, devices: devices.map(({ name }) => name) };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

/** Bytes of what is in a folder; of a folder that Python made too, of its two parts that are used here. */
const sizeOf = (folder: string): number => bytesOf(join(folder, 'tensorflow')) + bytesOf(join(folder, 'nvidia'));
