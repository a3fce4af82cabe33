// `pnpm ladder`: trains configs A to G on the same digits and writes the ladder as a table and a picture; the same command goes on
// after Ctrl-C. `--smoke` takes a minute.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { bin, install, root, run } from './bootstrap.mjs';

if (!existsSync(bin('tsup'))) install();
const built = await run(bin('tsup'), ['--silent'], { cwd: join(root, 'apps/train') });
if (built !== 0) process.exit(built);
process.exit(
  await run(process.execPath, [join(root, 'apps/train/bin/edm2-train.js'), 'ladder', ...process.argv.slice(2)]),
);
