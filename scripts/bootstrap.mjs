// What `npm start` and `npm test` share: bring the pinned pnpm, install with the frozen lockfile, and say so.
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 9)) {
  console.error(
    `expected Node.js 20.9 or newer, got ${process.versions.node}. Install a current Node.js and try again.`,
  );
  process.exit(1);
}

/** Runs a command of the workspace with its output shown; resolves with the exit code. */
export function run(command, args, { env = {}, cwd = root } = {}) {
  return new Promise((resolve) => {
    const shell = process.platform === 'win32';
    const child = spawn(command, args, { cwd, stdio: 'inherit', shell, env: { ...process.env, ...env } });
    // Ctrl-C reaches the child through the terminal; this process stays to pass its exit code on.
    const ignore = () => {};
    process.on('SIGINT', ignore);
    const forward = () => child.kill('SIGTERM');
    process.on('SIGTERM', forward);
    child.on('error', (error) => {
      console.error(`${command}: ${error.message}`);
      resolve(1);
    });
    child.on('exit', (code, signal) => {
      process.off('SIGINT', ignore);
      process.off('SIGTERM', forward);
      resolve(code ?? (signal === 'SIGINT' ? 130 : 1));
    });
  });
}

/** Installs every workspace package; ends the process when that fails. */
export function install() {
  const started = performance.now();
  console.log(`› installing dependencies with ${packageManager} (frozen lockfile)`);
  const result = spawnSync(
    'npx',
    ['--yes', packageManager, 'install', '--frozen-lockfile', '--reporter=append-only', '--loglevel=warn'],
    { cwd: root, encoding: 'utf8', shell: process.platform === 'win32', env: { ...process.env, CI: '1' } },
  );
  if (result.status !== 0) {
    process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}`);
    console.error(
      'the installation failed: see the lines above. Check the network and the npm registry setting, then try again.',
    );
    process.exit(1);
  }
  console.log(`  done in ${((performance.now() - started) / 1000).toFixed(0)} s`);
}

/** Path of a tool that the workspace installed. */
export const bin = (name) => join(root, 'node_modules', '.bin', name);
