// `npm run small-data`: trains on 500, 2,000 and 4,000 digits with one option changed at a time, and writes the table of docs/guide/small-data.md;
// the same command goes on after Ctrl-C.
import { join } from 'node:path';
import { bundle, install, root, run, typed } from './bootstrap.mjs';

install();
await bundle('train');
process.exit(
  await run(process.execPath, [join(root, 'apps/train/bin/edm2-train.js'), 'small-data', ...process.argv.slice(2)], {
    cwd: process.cwd(),
    env: { EDM2_TYPED: typed('small-data', [join(root, 'scripts/small-data.mjs')]) },
  }),
);
