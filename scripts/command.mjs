// `npm run phema -- <arguments>`, `npm run libtensorflow -- install`: the command of a package, built from this clone.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { bin, install, root, run } from './bootstrap.mjs';

const [name, ...args] = process.argv.slice(2);
if (!existsSync(bin('turbo'))) install();
const built = spawnSync(bin('turbo'), ['run', 'build', `--filter=@edm2/${name}`], {
  cwd: root,
  encoding: 'utf8',
  shell: process.platform === 'win32',
});
if (built.status !== 0) {
  process.stderr.write(`${built.stdout}${built.stderr}`);
  process.exit(1);
}
process.exit(await run(process.execPath, [join(root, `packages/${name}/bin/${name}.js`), ...args]));
