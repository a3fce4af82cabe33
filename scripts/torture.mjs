// `npm run torture`: kills commands, fills their disk, takes their inputs away, and compares what comes out. `npm run torture -- --help` says the rest.
import { join } from 'node:path';
import { bin, bundle, install, root, run } from './bootstrap.mjs';

install();
for (const app of ['train', 'evaluate', 'dataset-tool']) await bundle(app);
const home = join(root, 'test/torture');
const built = await run(bin('tsup'), ['--silent'], { cwd: home });
if (built !== 0) process.exit(built);
process.exit(await run(process.execPath, [join(home, 'dist/cli.js'), ...process.argv.slice(2)]));
