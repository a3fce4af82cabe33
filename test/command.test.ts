import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const script = fileURLToPath(new URL('../scripts/command.mjs', import.meta.url));

test.each([
  ['nothing', []],
  ['a name that there is not', ['phemma', 'info']],
  ['a package without a command', ['random']],
])('scripts/command.mjs given %s says in one line which there are', (_, args) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' });
  expect(status).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toBe(
    `command: expected a package or an app with a command, one of fid, phema, tfjs-libtensorflow, dataset-tool, evaluate, train, got ${args[0] ?? 'nothing'}. Name one: node scripts/command.mjs phema --help.\n`,
  );
});
