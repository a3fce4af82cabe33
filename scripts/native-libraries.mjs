// Brings native libraries for the tests that need them. Without one its tests are skipped by name: no failure here stops anything.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { bin, root } from './bootstrap.mjs';

/** Milliseconds that a download (274 MB at most) may take; what has come by then is kept for the next time. */
const TIMEOUT = 5 * 60_000;

/** Installs TensorFlow's library into the user's cache, unless TFJS_LIBTENSORFLOW=off. */
export function installLibtensorflow() {
  if (process.env.TFJS_LIBTENSORFLOW === 'off') {
    console.log('› TensorFlow’s C library: left out (TFJS_LIBTENSORFLOW=off)');
    return;
  }
  console.log('› TensorFlow’s C library (TFJS_LIBTENSORFLOW=off leaves it out)');
  installWith('tfjs-libtensorflow');
}

/** Installs XLA's plugin for the CPU into the user's cache, unless TFJS_XLA=off; in CI its compiler for NVIDIA's GPUs too, which needs none. */
export function installXla() {
  if (process.env.TFJS_XLA === 'off') {
    console.log('› XLA’s plugin for the CPU: left out (TFJS_XLA=off)');
    return;
  }
  console.log('› XLA’s plugin for the CPU (TFJS_XLA=off leaves it out)');
  installWith('tfjs-xla');
  if (process.env.CI) {
    console.log('› XLA’s compiler for NVIDIA’s GPUs, which compiles without one');
    installWith('tfjs-xla', ['--cuda13', '--alone']);
  } else console.log('› XLA’s compiler for NVIDIA’s GPUs: left out unless it is there (CI=true brings it, 233 MB)');
}

/**
 * @param name - package whose command installs something.
 * @param flags - of its `install`.
 */
function installWith(name, flags = []) {
  const cwd = join(root, 'packages', name);
  // The command from its source: nothing is built yet. In node_modules, where its dependencies are found and git does not look.
  const out = 'node_modules/.cache/command';
  const bundled = spawnSync(bin('tsup'), ['--config', 'tsup.command.ts', '--silent'], {
    cwd,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  const command = join(cwd, out, 'cli.js');
  const result =
    bundled.status === 0
      ? spawnSync(process.execPath, [command, 'install', ...flags], { cwd, stdio: 'inherit', timeout: TIMEOUT })
      : bundled;
  if (result.status === 0) return;
  const why = result.error?.code === 'ETIMEDOUT' ? `not there after ${TIMEOUT / 60_000} minutes` : 'see above';
  console.log(`  going on without it (${why}): the tests that need it are skipped by name`);
}
