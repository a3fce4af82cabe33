// `npm start`: from a fresh clone to a scored grid of digits. `npm start -- --data <folder>` trains on your own images instead.
import { join } from 'node:path';
import { bundle, install, root, run, typed } from './bootstrap.mjs';

const args = process.argv.slice(2);
install();
await bundle('train');
const own = args.some((arg) => arg === '--data' || arg.startsWith('--data='));
process.exit(
  await run(process.execPath, [join(root, 'apps/train/bin/edm2-train.js'), ...(own ? [] : ['demo']), ...args], {
    cwd: process.cwd(),
    env: { EDM2_TYPED: typed('start', [join(root, 'scripts/start.mjs')]) },
  }),
);
