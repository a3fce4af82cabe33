// `npm run fuzz`: reads damaged and made-up files of every kind, bundled from the sources as they stand. `npm run fuzz -- --help` says the rest.
import { join } from 'node:path';
import { bin, install, root, run } from './bootstrap.mjs';

install();
const home = join(root, 'test/fuzz');
const built = await run(bin('tsup'), ['--silent'], { cwd: home });
if (built !== 0) process.exit(built);
process.exit(await run(process.execPath, [join(home, 'dist/cli.js'), ...process.argv.slice(2)]));
