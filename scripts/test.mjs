// `npm test`: installs, then checks everything.
import { install, root, run } from './bootstrap.mjs';
import { installLibtensorflow, installXla } from './native-libraries.mjs';

const stages = process.argv.slice(2);
install();
if (stages.length === 0 || stages.some((stage) => stage.startsWith('tests'))) {
  installLibtensorflow();
  installXla();
}
process.exit(await run(process.execPath, [`${root}/scripts/check.mjs`, ...stages]));
