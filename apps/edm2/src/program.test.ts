import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepPrinted } from '@edm2/app-kit/command/printed.fixture';
import { TYPED_VARIABLE } from '@edm2/command/typed';
import { decode } from 'fast-png';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { COMMANDS } from './commands.js';
import { runProgram } from './program.js';

const scratch = mkdtempSync(join(tmpdir(), 'edm2-front-'));
const argv = [...process.argv];
afterEach(() => {
  process.argv.splice(0, process.argv.length, ...argv);
  delete process.env[TYPED_VARIABLE];
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const printed = keepPrinted();

/** As typed behind `npm run edm2 --`. */
function run(...args: string[]): Promise<number> {
  process.argv.splice(2, process.argv.length, ...args);
  process.env[TYPED_VARIABLE] = 'npm run edm2 --';
  return runProgram(args);
}

test('lists every command, one line each', async () => {
  expect(await run('--help')).toBe(0);
  for (const [name, { line }] of Object.entries(COMMANDS))
    expect(printed.text).toContain(`  ${name.padEnd(13)}${line}\n`);
  expect(printed.text).toMatch(/^ {2}npm run edm2 -- generate --net digits --grid digits\.png$/m);
});

test.each([
  [['nonsense'], /^edm2: expected a command, got nonsense\. They are train, generate, /],
  [
    ['genrate', '--net', 'x'],
    /^edm2: expected a command, got genrate\. Did you mean generate\? npm run edm2 -- --help says/,
  ],
  [['constructor'], /^edm2: expected a command, got constructor\./],
  [[], /^Usage: edm2 <command>/],
])('%j ends with code 2 and the nearest name', async (args, message) => {
  expect(await run(...args)).toBe(2);
  expect(printed.text).toMatch(message);
});

describe('every command', () => {
  test.each(Object.keys(COMMANDS))('%s is there, under its name in this command', async (name) => {
    expect(await run(name, '--help'), printed.text).toBe(0);
    expect(printed.text).toMatch(new RegExp(`^Usage: (edm2 )?(${name}|metrics|edm2 ladder)( |$)`, 'm'));
  });

  test('help x is x --help', async () => {
    expect(await run('help', 'presets')).toBe(0);
    expect(printed.text).toMatch(/^Usage: edm2 presets /m);
  });

  test.each([
    [['train', '--preset', 'x', '--data', 'y'], 'train'],
    [['dataset', 'decode', '--source', 'x', '--dest', 'y'], 'dataset'],
    [['phema', 'info', join(scratch, 'none')], 'phema'],
    [['score', 'calc', '--images', 'x'], 'score'],
    [['generate'], 'generate'],
    [['engines', 'install', 'xla', '--tpu'], 'engines'],
    [['engines', 'xla', 'install', '--tpu'], 'engines'],
    [['score', 'runs/x', 'real'], 'score'],
  ])('%j fails in its own words', async (args) => {
    expect(await run(...args)).toBeGreaterThan(0);
    expect(printed.text).toMatch(/expected/);
    expect(printed.text).not.toMatch(/edm2-(train|evaluate|dataset)/);
  });
});

test('what is printed to be pasted begins with what was typed here', async () => {
  expect(await run('train')).toBe(2);
  expect(printed.text).toMatch(/or run (npm start|node \S*scripts\/start\.mjs) for the MNIST example/);
  expect(process.env[TYPED_VARIABLE]).toBe('npm run edm2 -- train');
  await run('train', 'demo', '--nonsense');
  expect(process.env[TYPED_VARIABLE]).toBe('npm run edm2 -- train demo');
  await run('ladder', '--nonsense');
  expect([process.env[TYPED_VARIABLE], process.argv[2]]).toEqual(['npm run edm2 -- ladder', 'ladder']);
});

test('libraries that engines open: listed, and by their names in either order', async () => {
  expect(await run('engines', '--help')).toBe(0);
  expect(printed.text).toMatch(/npm run edm2 -- engines install,/);
  expect(printed.text).toMatch(/npm run edm2 -- engines install xla,/);
  const empty = join(scratch, 'empty');
  expect(await run('engines', 'info', 'xla', '--directory', empty, '--json')).toBe(0);
  expect(printed.text).toContain(`"directory": "${empty}"`);
  expect(process.env[TYPED_VARIABLE]).toBe('npm run edm2 -- engines xla');
  expect(await run('engines', 'remove', '--directory', empty)).toBe(0);
  expect(printed.text).toMatch(/nothing to remove/);
  expect(process.env[TYPED_VARIABLE]).toBe('npm run edm2 -- engines');
});

test('score without calc, gen or ref says what to type', async () => {
  expect(await run('score', scratch, 'real photos')).toBe(2);
  expect(printed.text).toContain(
    `score: expected calc, gen or ref, got ${scratch}. Stored images: npm run edm2 -- score calc --images ${scratch} --ref 'real photos'`,
  );
  expect(printed.text).toContain(`a network: npm run edm2 -- score gen --net ${scratch} --ref 'real photos'`);
});

test('draws digits with the network that comes along', async () => {
  const grid = join(scratch, 'digits.png');
  const fast = ['--engine', 'onnxruntime', '--threads', '1', '--steps', '4', '--seeds', '0-3'];
  expect(await run('generate', '--net', 'digits', ...fast, '--grid', grid), printed.text).toBe(0);
  expect(printed.text).toMatch(/--net: EMA length 0\.1 of @edm2\/digits, stored after 60,000 images/);
  expect(existsSync(grid)).toBe(true);
  expect(new Set(decode(readFileSync(grid)).data).size).toBeGreaterThan(20);
});
