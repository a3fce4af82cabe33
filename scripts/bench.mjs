// `npm run bench -- <name>`: bundles bench/ from the sources as they stand and runs it. `npm run bench -- --help` says the rest.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const bench = fileURLToPath(new URL('../bench/', import.meta.url));
const tsup = fileURLToPath(new URL('../node_modules/tsup/dist/cli-default.js', import.meta.url));

const build = spawnSync(process.execPath, [tsup, '--silent'], { cwd: bench, stdio: ['ignore', 'ignore', 'inherit'] });
if (build.status !== 0) {
  console.error('bench: expected bench/ to build, got the errors above. Mend them, then run again.');
  process.exit(1);
}
// `gpu` compares in its own way, with its own options.
const [name, ...rest] = process.argv.slice(2);
const [script, args] = name === 'gpu' ? ['gpu', rest] : ['cli', process.argv.slice(2)];
const run = spawnSync(process.execPath, [`${bench}dist/${script}.js`, ...args], { stdio: 'inherit' });
process.exit(run.status ?? 1);
