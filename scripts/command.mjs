// `npm run phema -- <arguments>`, `npm run libtensorflow -- install`, `npm run evaluate -- sweep`: the command of a package or an app,
// built from this clone.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { bin, install, root, run } from './bootstrap.mjs';

const [name, ...args] = process.argv.slice(2);
if (!existsSync(bin('turbo'))) install();
// An app is bundled from the sources of the packages that it wires; a package is built after those that it needs.
const app = existsSync(join(root, 'apps', name));
const [tool, options, cwd] = app
  ? ['tsup', ['--silent'], join(root, 'apps', name)]
  : ['turbo', ['run', 'build', `--filter=@edm2/${name}`], root];
const built = spawnSync(bin(tool), options, {
  cwd,
  encoding: 'utf8',
  shell: process.platform === 'win32',
});
if (built.status !== 0) {
  process.stderr.write(`${built.stdout}${built.stderr}`);
  process.exit(1);
}
const command = app ? `apps/${name}/bin/edm2-${name}.js` : `packages/${name}/bin/${name}.js`;
process.exit(await run(process.execPath, [join(root, command), ...args]));
