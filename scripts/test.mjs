// `npm test`: installs, then checks everything.
import { install, root, run } from './bootstrap.mjs';

install();
process.exit(await run(process.execPath, [`${root}/scripts/check.mjs`, ...process.argv.slice(2)]));
