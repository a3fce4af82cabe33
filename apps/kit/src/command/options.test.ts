import os from 'node:os';
import { withDestination } from '@edm2/command/destination';
import { READABLE_HELP } from '@edm2/command/readable-help';
import { wholeNumber } from '@edm2/command/whole-number';
import { Command, Option } from 'commander';
import { describe, expect, test } from 'vitest';
import { withEngineOptions } from './engine-options.js';
import { refuseIdle } from './idle-options.js';

/** Options that a command reads, or what commander says of them. */
function read(add: (command: Command) => Command, argv: readonly string[]): Record<string, unknown> | string {
  const command = add(new Command('x').exitOverride().configureOutput({ writeErr: () => undefined }));
  try {
    command.parse([...argv], { from: 'user' });
    return command.opts();
  } catch (error) {
    return (error as Error).message;
  }
}

describe('where results go', () => {
  const add = (command: Command): Command => withDestination(command, '--dest <file>', 'where');
  test.each(['--dest', '--outdir', '--output'])('%s is the same option', (name) => {
    expect(read(add, [name, 'a'])).toMatchObject({ dest: 'a' });
    expect(read(add, [`${name}=a`])).toMatchObject({ dest: 'a' });
  });
  test('two names that disagree are refused, and help shows one', () => {
    expect(read(add, ['--dest', 'a', '--output', 'b'])).toMatch(/--output.*another name of --dest, which says a/);
    expect(read(add, ['--outdir', 'a', '--output', 'b'])).toMatch(/another name of --outdir/);
    expect(read(add, ['--dest', 'a', '--output', 'a'])).toMatchObject({ dest: 'a' });
    expect(add(new Command('x')).helpInformation()).not.toMatch(/--out/);
  });
});

describe('counts', () => {
  const add = (command: Command): Command =>
    command.option('--n <n>', 'how many', wholeNumber({ least: 0, most: 8, why: 'nine are too many' }));
  test.each([['0'], ['8']])('%s is one', (text) => expect(read(add, ['--n', text])).toEqual({ n: Number(text) }));
  test.each([
    ['9', /Expected a whole number from 0 to 8: nine are too many\.$/],
    ['1e9', /nine are too many/],
    ['-1', /Expected a whole number from 0 to 8\.$/],
    ['1.5', /from 0 to 8\.$/],
    ['', /from 0 to 8\.$/],
    ['x', /from 0 to 8\.$/],
    ['1e400', /from 0 to 8\.$/],
  ])('%j is none', (text, message) => expect(read(add, [`--n=${text}`])).toMatch(message));
});

describe('engine and threads', () => {
  const add = (command: Command): Command => withEngineOptions(command, { more: ['tune'], training: true });
  test('an engine that is always refused is not offered, and says why', () => {
    expect(add(new Command('x').configureHelp(READABLE_HELP)).helpInformation().replace(/\s+/g, ' ')).toMatch(
      /choices: auto, tune, tensorflow-gpu, tensorflow, onnxruntime, xla\[:cpu\|cuda\|rocm\|oneapi\|tpu\], cpu; default: auto\)/,
    );
    expect(read(add, ['--engine', 'webgpu'])).toMatch(/webgpu cannot be used: .*asynchronously/);
    expect(read(add, ['--engine', 'wasm'])).toMatch(/Expected auto, tune/);
    expect(read(add, ['--engine', 'onxruntime'])).toMatch(/Did you mean onnxruntime\?/);
    expect(read(add, ['--engine', 'tune'])).toEqual({ engine: 'tune' });
    expect(read(add, ['--engine', 'xla:cuda'])).toEqual({ engine: 'xla:cuda' });
    expect(read(add, ['--engine', 'xla:gpu'])).toMatch(/Expected auto, .*xla:cuda/);
  });
  test('threads are bounded by what the machine has', () => {
    const most = 4 * os.availableParallelism();
    expect(read(add, ['--threads', String(most)])).toMatchObject({ threads: most });
    expect(read(add, ['--threads', '9999'])).toMatch(/more than 4 threads a core wait for one another/);
  });
});

test('help shows defaults as they are typed', () => {
  const help = new Command('x')
    .configureHelp(READABLE_HELP)
    .option('--a <x>', 'a', 'auto')
    .option('--b <n>', 'b', Number, 3)
    .option('--c', 'c', false)
    .addOption(new Option('--d <list>', 'd').default([0, 1, 2], '0-2'))
    .addOption(new Option('--e <x>', 'e').choices(['y', 'z']))
    .helpInformation();
  expect(help).toMatch(/a \(default: auto\)\n.*b \(default: 3\)\n.*c\n.*d \(default: 0-2\)\n.*e \(choices: y, z\)\n/);
});

test('an option that changes nothing is refused by name', () => {
  const idle = (...argv: string[]) => {
    const command = new Command('x').option('--s-min <x>', '', '0').exitOverride();
    command.parse(argv, { from: 'user' });
    return () => refuseIdle(command, ['sMin'], '--s-churn above 0');
  };
  expect(idle('--s-min', '1')).toThrow(/^--s-min: expected --s-churn above 0 as well, got none/);
  expect(idle()).not.toThrow();
});
