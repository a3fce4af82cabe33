import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ownCommand, type StartedAs, siblingCommand, TYPED_VARIABLE } from './typed.js';

const root = fileURLToPath(new URL('../../../', import.meta.url)).replace(/\/$/, '');
const script = join(root, 'apps/train/bin/edm2-train.js');
const elsewhere = realpathSync(mkdtempSync(join(tmpdir(), 'edm2-typed-')));
afterAll(() => rmSync(elsewhere, { recursive: true }));
beforeAll(() => {
  // An installed one: a link on the path.
  mkdirSync(join(elsewhere, 'lib'));
  mkdirSync(join(elsewhere, 'bin'));
  writeFileSync(join(elsewhere, 'lib/edm2-train.js'), '');
  chmodSync(join(elsewhere, 'lib/edm2-train.js'), 0o755);
  symlinkSync(join(elsewhere, 'lib/edm2-train.js'), join(elsewhere, 'bin/edm2-train'));
});

const started = (changes: Partial<StartedAs> & { env?: object }): StartedAs => ({
  argv: ['node', script],
  cwd: root,
  ...changes,
  env: { PATH: '/usr/bin:', ...changes.env },
});
const args = ['--resume', '--outdir', 'my runs/x'];
const own = (changes: Partial<StartedAs>, words = args, subcommand?: string) =>
  ownCommand(words, { subcommand, started: started(changes) });

describe('the command that was typed, with other arguments', () => {
  test.each<[string, Partial<StartedAs>, string]>([
    ['npm start', { env: { [TYPED_VARIABLE]: 'npm start --' } }, "npm start -- --resume --outdir 'my runs/x'"],
    ['pnpm ladder', { env: { [TYPED_VARIABLE]: 'pnpm ladder' } }, "pnpm ladder --resume --outdir 'my runs/x'"],
    ['a file, from the root', {}, "node apps/train/bin/edm2-train.js --resume --outdir 'my runs/x'"],
    [
      'a file, from beside it',
      { cwd: join(root, 'apps') },
      "node train/bin/edm2-train.js --resume --outdir 'my runs/x'",
    ],
    [
      'a name on the path',
      { argv: ['node', join(elsewhere, 'lib/edm2-train.js')], cwd: '/', env: { PATH: `/bin:${elsewhere}/bin` } },
      "edm2-train --resume --outdir 'my runs/x'",
    ],
    [
      'npx',
      {
        argv: ['node', join(elsewhere, 'bin/edm2-train')],
        cwd: '/',
        env: { npm_command: 'exec', npm_lifecycle_event: 'npx' },
      },
      "npx edm2-train --resume --outdir 'my runs/x'",
    ],
    [
      'an npm script, which has node_modules/.bin on its path and the shell has not',
      {
        argv: ['node', join(elsewhere, 'bin/edm2-train')],
        cwd: elsewhere,
        env: { PATH: `${elsewhere}/bin`, npm_lifecycle_event: 'train' },
      },
      "node bin/edm2-train --resume --outdir 'my runs/x'",
    ],
  ])('%s', (_, changes, expected) => expect(own(changes)).toBe(expected));

  test('without arguments, and with a sub-command that a script puts there by itself', () => {
    expect(own({ env: { [TYPED_VARIABLE]: 'npm start --' } }, [], 'demo')).toBe('npm start');
    expect(own({}, [], 'ladder')).toBe('node apps/train/bin/edm2-train.js ladder');
    expect(own({}, ['--smoke'], 'ladder')).toBe('node apps/train/bin/edm2-train.js ladder --smoke');
  });
});

test.each<[string, Partial<StartedAs>, Parameters<typeof siblingCommand>[0], string[], string]>([
  ['from the root', {}, 'phema', ['info', 'a b'], "npm run phema -- info 'a b'"],
  ['nothing more, from the root', {}, 'start', [], 'npm start'],
  [
    'from another folder',
    { cwd: join(root, 'apps') },
    'dataset',
    ['info', 'x'],
    'node ../scripts/command.mjs dataset-tool info x',
  ],
  ['the main job, from another folder', { cwd: join(root, 'apps') }, 'start', [], 'node ../scripts/start.mjs'],
  [
    'where it is installed',
    { argv: ['node', join(elsewhere, 'lib/edm2-train.js')], cwd: '/' },
    'evaluate',
    ['sweep'],
    'edm2-evaluate sweep',
  ],
  ...(
    [
      ['evaluate', ['sweep'], 'npx edm2 sweep'],
      ['start', ['--data', 'x'], 'npx edm2 train --data x'],
      ['start', ['--resume'], 'npx edm2 train demo --resume'],
      ['ladder', [], 'npx edm2 ladder'],
      ['phema', ['info', 'a b'], "npx edm2 phema info 'a b'"],
      ['libtensorflow', ['install'], 'npx edm2 engines install'],
    ] as const
  ).map(
    ([name, words, expected]): [string, Partial<StartedAs>, Parameters<typeof siblingCommand>[0], string[], string] => [
      `where edm2 is installed: ${name}`,
      { argv: ['node', join(elsewhere, 'bin/edm2')], cwd: '/', env: { npm_command: 'exec' } },
      name,
      [...words],
      expected,
    ],
  ),
])('another program of the family, %s', (_, changes, name, words, expected) =>
  expect(siblingCommand(name, words, started(changes))).toBe(expected),
);
