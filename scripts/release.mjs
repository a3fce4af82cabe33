// `npm run release`: publishes what stands on main under the versions that it names, once everything that CI checks holds and the rehearsal went
// well. Nothing is published from a working tree with changes in it, or with changesets that no version holds yet.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './bootstrap.mjs';

const git = (...args) => spawnSync('git', args, { cwd: root, encoding: 'utf8' }).stdout.trim();
const stop = (message) => {
  console.error(`release: ${message}`);
  process.exit(1);
};

if (process.argv.length > 2) {
  console.log(
    'npm run release\n\nChecks, rehearses and publishes the packages under their present versions, and tags them. Takes no options.',
  );
  process.exit(/^(-h|--help)$/.test(process.argv[2]) ? 0 : 2);
}
if (git('status', '--porcelain') !== '') stop('expected no changes in the working tree, got some. Commit them first.');
const pending = readdirSync(join(root, '.changeset')).filter((name) => name.endsWith('.md') && name !== 'README.md');
if (pending.length > 0)
  stop(`expected no pending changesets, got ${pending.length}. Run npx changeset version, and commit it.`);
for (const [command, args] of [
  [process.execPath, [join(root, 'scripts/check.mjs')]],
  [process.execPath, [join(root, 'scripts/release-rehearse.mjs')]],
  ['npx', ['changeset', 'publish']],
  ['git', ['push', '--follow-tags']],
]) {
  const code = await run(command, args);
  if (code !== 0) stop(`${command} ${args.join(' ')} ended with exit code ${code}. Nothing after it was done.`);
}
