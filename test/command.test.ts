import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
    `command: expected a package or an app with a command, one of fid, phema, tfjs-libtensorflow, tfjs-xla, dataset-tool, edm2, evaluate, train, got ${args[0] ?? 'nothing'}. Name one: node scripts/command.mjs phema --help.\n`,
  );
});

test('the command that brings TensorFlow’s C library runs where nothing is built', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'edm2-command-'));
  try {
    const cwd = fileURLToPath(new URL('../packages/tfjs-libtensorflow/', import.meta.url));
    const tsup = fileURLToPath(new URL('../node_modules/.bin/tsup', import.meta.url));
    const options = ['--config', 'tsup.command.ts', '--silent', '--out-dir', scratch];
    expect(spawnSync(tsup, options, { cwd, encoding: 'utf8', shell: process.platform === 'win32' }).status).toBe(0);
    // Workspace packages are in it: their builds are not there yet.
    const text = readFileSync(join(scratch, 'cli.js'), 'utf8');
    expect(text).not.toMatch(/(from|import\() ?["']@edm2\//);
    expect(text).toContain('libtensorflow');
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
});

test('the pnpm that turbo finds beside the other tools is the one that the repository pins', () => {
  const root = fileURLToPath(new URL('../', import.meta.url));
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const { version } = JSON.parse(readFileSync(join(root, 'node_modules/pnpm/package.json'), 'utf8'));
  expect(packageManager).toBe(`pnpm@${version}`);
});
