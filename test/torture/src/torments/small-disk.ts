import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';

/** A disk of its own for a folder, as large as it is told to be; only root can make one. */
export interface SmallDisk {
  resize(bytes: number): void;
  readOnly(on: boolean): void;
  remove(): void;
}

const mount = (...args: string[]): boolean => spawnSync('mount', args, { stdio: 'ignore' }).status === 0;

/** Mounts a disk in memory at a folder; undefined where that is not permitted. */
export function makeDisk(folder: string, bytes: number): SmallDisk | undefined {
  mkdirSync(folder, { recursive: true });
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return undefined;
  if (!mount('-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', folder)) return undefined;
  return {
    resize: (size) => void mount('-o', `remount,size=${size}`, folder),
    readOnly: (on) => void mount('-o', `remount,${on ? 'ro' : 'rw'}`, folder),
    remove: () => void spawnSync('umount', ['-l', folder], { stdio: 'ignore' }),
  };
}
