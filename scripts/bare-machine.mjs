// `node scripts/bare-machine.mjs <command> …`: runs a command as on a fresh machine that has Node.js, npm and the system's own tools: a
// PATH without package managers or tools that somebody installed, and empty caches, so that nothing found there can help. CI runs so.
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { run } from './bootstrap.mjs';

const [command, ...args] = process.argv.slice(2);
if (!command) {
  console.error('bare-machine: expected a command, got nothing. Name one: node scripts/bare-machine.mjs npm test.');
  process.exit(2);
}
if (process.platform === 'win32') {
  console.error('bare-machine: expected Linux or macOS, got Windows. Run the command itself on a machine of its own.');
  process.exit(1);
}

/** What people install beside Node.js, into the system's folders too. */
const LEFT_OUT = /^(pnpm|pnpx|yarn|yarnpkg|corepack|bun|deno|turbo|tsc|tsx|tsup|vitest|biome|mpirun)$/;
const SYSTEM = ['/usr/bin', '/bin', '/usr/sbin', '/sbin'];
/** What points a process at libraries, caches or installations that a person made. */
const POINTERS =
  /^(NODE_PATH|NODE_OPTIONS|LD_LIBRARY_PATH|LD_PRELOAD|DYLD_.*|PYTHONPATH|VIRTUAL_ENV|CONDA_.*|PNPM_HOME|TFJS_.*|PJRT_.*|CUDA_.*|TURBO_.*|npm_.*)$/;

const home = realpathSync(mkdtempSync(join(tmpdir(), 'edm2-bare-')));
const tools = join(home, 'bin');
mkdirSync(tools);
const link = (name, target) => {
  try {
    symlinkSync(target, join(tools, name));
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
};
link('node', process.execPath);
// npm is taken from beside Node.js: as installed with it, not as updated into a prefix of the user's.
for (const name of ['npm', 'npx']) link(name, join(dirname(process.execPath), name));
for (const folder of SYSTEM)
  for (const name of readdirSync(folder)) if (!LEFT_OUT.test(name)) link(name, join(folder, name));

const env = Object.fromEntries(
  Object.keys(process.env)
    .filter((name) => POINTERS.test(name))
    .map((name) => [name, undefined]),
);
const code = await run(command, args, {
  cwd: process.cwd(),
  env: {
    ...env,
    PATH: tools,
    XDG_CACHE_HOME: join(home, 'cache'),
    XDG_DATA_HOME: join(home, 'data'),
    npm_config_cache: join(home, 'npm'),
  },
});
rmSync(home, { recursive: true, force: true });
process.exit(code);
