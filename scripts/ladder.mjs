// `npm run ladder`: trains configs A to G on the same digits and writes the ladder as a table and a picture; the same command goes on
// after Ctrl-C. `--smoke` takes a minute.
import { join } from 'node:path';
import { bundle, install, root, run, typed } from './bootstrap.mjs';

install();
await bundle('train');
process.exit(
  await run(process.execPath, [join(root, 'apps/train/bin/edm2-train.js'), 'ladder', ...process.argv.slice(2)], {
    cwd: process.cwd(),
    env: { EDM2_TYPED: typed('ladder', [join(root, 'scripts/ladder.mjs')]) },
  }),
);
