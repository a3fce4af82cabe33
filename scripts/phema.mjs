// `npm run phema -- <arguments>`: the command of packages/phema, built from this clone.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { bin, install, root, run } from './bootstrap.mjs';

if (!existsSync(bin('turbo'))) install();
const built = spawnSync(bin('turbo'), ['run', 'build', '--filter=@edm2/phema'], {
  cwd: root,
  encoding: 'utf8',
  shell: process.platform === 'win32',
});
if (built.status !== 0) {
  process.stderr.write(`${built.stdout}${built.stderr}`);
  process.exit(1);
}
process.exit(await run(process.execPath, [join(root, 'packages/phema/bin/phema.js'), ...process.argv.slice(2)]));
