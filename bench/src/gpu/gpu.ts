// `npm run bench -- gpu`: what XLA does on a device, against JAX and PyTorch on the same. The portable folder's script is this one.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { findPlugins } from '@edm2/tfjs-xla';
import { Command, InvalidArgumentError, Option } from 'commander';
import { attempt } from '../attempt.js';
import { describeGpus } from '../gpus.js';
import { contest } from './contest.js';
import type { Check } from './goldens.js';
import { GOLDEN } from './home.js';
import { type Plan, planOf } from './plan.js';
import { type Results, writeResults } from './results.js';
import { type Place, partCommand } from './sides.js';
import type { TrainProgress } from './train.js';

const PARTS = ['goldens', 'times', 'train'] as const;
type Part = (typeof PARTS)[number];

interface Options {
  readonly device: 'gpu' | 'cpu';
  readonly smoke?: boolean;
  readonly minutes?: number;
  readonly out: string;
  readonly python: string;
  readonly only?: Part[];
  readonly nets?: string[];
}

// The parts, Python's too, read them there.
process.env['EDM2_GOLDEN'] ??= GOLDEN;

const say = (text: string): void => console.error(text);

/** Runs a part of ours, line by line. @throws {Error} with its last words when it fails or takes too long. */
async function runPart(
  options: Parameters<typeof partCommand>[0],
  seconds: number,
  told: (line: string) => void,
): Promise<void> {
  const { command, args } = partCommand(options);
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let words = '';
  child.stderr.on('data', (bytes: Buffer) => {
    words = (words + bytes.toString()).slice(-2000);
  });
  createInterface({ input: child.stdout }).on('line', told);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, seconds * 1000);
  const code = await new Promise<number | string | null>((done) =>
    child.on('close', (status, signal) => done(signal ?? status)),
  );
  clearTimeout(timer);
  if (late) throw new Error(`${options.part}: not done within ${Math.round(seconds)} s`);
  if (code !== 0) throw new Error(`${options.part}: ended with ${code}: ${lastLine(words)}`);
}

/** The message of an error, of the last lines of a process. */
const lastLine = (words: string): string => /\w*Error: .*/.exec(words)?.[0] ?? words.trim().split('\n').at(-1) ?? '';

/** site-packages of a Python, where JAX's plugins lie. */
function jaxPlugin(python: string): string | undefined {
  const { stdout } = spawnSync(
    python,
    [
      '-c',
      'import jax_plugins, glob; print(*[f for p in jax_plugins.__path__ for f in glob.glob(p + "/xla_cuda*/*.so")], sep="\\n")',
    ],
    { encoding: 'utf8' },
  );
  return stdout?.split('\n').find((line) => /pjrt|plugin/.test(line));
}

/** The plugin that runs: on a GPU the variable's, JAX's, an installed one. */
function choosePlugin({ device, python }: Options): string {
  if (device === 'cpu') return 'cpu';
  const named = process.env['PJRT_PLUGIN_LIBRARY_PATH'] || jaxPlugin(python);
  const found = named ?? findPlugins().find(({ kind }) => kind?.startsWith('cuda'))?.file;
  if (found === undefined)
    throw new Error(
      `bench gpu: expected a PJRT plugin for CUDA, got none: no jax_plugins/xla_cuda… in ${python}, none installed. Name the Python that has JAX (--python), set PJRT_PLUGIN_LIBRARY_PATH, or try it with --device cpu --smoke.`,
    );
  return found;
}

async function run(options: Options): Promise<void> {
  const begun = performance.now();
  const plan = planOf(options.smoke === true);
  const out = resolve(options.out);
  mkdirSync(out, { recursive: true });
  const place: Place = { device: options.device, plugin: choosePlugin(options), python: options.python };
  const results: Results = {
    begun: new Date().toISOString(),
    machine: {
      processor: `${cpus()[0]?.model.trim()}, ${cpus().length} cores`,
      gpus: describeGpus(),
      node: process.versions.node,
      plugin: place.plugin,
      ...(options.smoke && { smoke: 'tiny networks: the figures say nothing' }),
    },
    goldens: [],
    timings: [],
    training: [],
    seconds: 0,
  };
  const elapsed = (): number => (performance.now() - begun) / 1000;
  const write = (): void => {
    results.seconds = elapsed();
    writeResults(out, results);
  };
  const wants = (part: Part): boolean => options.only === undefined || options.only.includes(part);
  const total = (options.minutes ?? (options.smoke ? 40 : 9.5)) * 60;
  write();
  if (wants('goldens')) await checkGoldens(place, plan, results, write);
  // Training comes last and has its time set aside.
  const reserved = wants('train') ? plan.trainingSeconds : 0;
  if (wants('times')) await timeAll(place, plan, results, write, begun + (total - reserved) * 1000, options.nets);
  if (wants('train')) await trainPart(place, plan, results, write, out, options.smoke === true);
  write();
  say(`\n${elapsed().toFixed(0)} s. ${join(out, 'results.md')}`);
  const failed = results.goldens.some((row) => 'note' in row || !(row.error <= row.bound));
  if (failed) process.exitCode = 1;
}

async function checkGoldens(place: Place, plan: Plan, results: Results, write: () => void): Promise<void> {
  say('golden files');
  const failed = await attempt(() =>
    runPart({ part: 'goldens', plugin: place.plugin, precision: 'float32' }, plan.goldenSeconds, (line) => {
      const check = JSON.parse(line) as Check;
      say(`  ${check.what}: ${check.error.toExponential(1)} (at most ${check.bound.toExponential(0)})`);
      results.goldens.push(check);
      write();
    }),
  );
  if (typeof failed === 'string') {
    results.goldens.push({ note: failed });
    say(`  ${failed}`);
    write();
  }
}

async function timeAll(
  place: Place,
  plan: Plan,
  results: Results,
  write: () => void,
  deadline: number,
  nets: readonly string[] | undefined,
): Promise<void> {
  const wanted = plan.contests.filter(
    ({ name, precision }) => !nets || nets.includes(name) || nets.includes(precision),
  );
  for (const [i, entry] of wanted.entries()) {
    say(`times: ${entry.name}, ${entry.precision}`);
    // What is left is shared alike among what is left.
    const share = performance.now() + (deadline - performance.now()) / (wanted.length - i);
    for await (const row of contest(entry, plan, place, share)) {
      results.timings.push(row);
      const figures = Object.entries(row.sides).map(([name, { ms, note }]) => `${name} ${ms?.toFixed(1) ?? note}`);
      say(`  ${row.kind}, batch ${row.batch}: ${figures.join(', ') || row.note}`);
      write();
    }
  }
}

async function trainPart(
  place: Place,
  plan: Plan,
  results: Results,
  write: () => void,
  out: string,
  smoke: boolean,
): Promise<void> {
  say('training');
  const options = {
    part: 'train',
    plugin: place.plugin,
    precision: 'float32',
    seconds: plan.trainSeconds,
    smoke,
  } as const;
  const failed = await attempt(() =>
    runPart({ ...options, grid: join(out, 'grid.png') }, plan.trainingSeconds, (line) => {
      const progress = JSON.parse(line) as TrainProgress;
      say(`  ${progress.images} images, ${progress.seconds.toFixed(0)} s, loss ${progress.loss.toFixed(3)}`);
      results.training.push(progress);
      write();
    }),
  );
  if (typeof failed === 'string') {
    results.training.push({ note: failed });
    say(`  ${failed}`);
  }
}

const positive = (text: string): number => {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('Expected a number above 0.');
  return value;
};

await new Command('bench gpu')
  .description(
    'XLA on a GPU: golden files, times against JAX and PyTorch, a training. Results are written as they come.',
  )
  .addOption(new Option('--device <name>', 'where').choices(['gpu', 'cpu']).default('gpu'))
  .option('--smoke', 'tiny networks: to see that it all runs')
  .option(
    '--minutes <n>',
    'for everything; what does not fit is left out and says so (default: 9.5; 40 with --smoke)',
    positive,
  )
  .option('--out <folder>', 'for results.md, results.json, grid.png', 'bench-gpu')
  .option('--python <command>', 'a Python that has JAX and PyTorch', process.env['PYTHON'] ?? 'python3')
  .addOption(new Option('--only <parts...>', 'these alone').choices([...PARTS]))
  .option('--nets <names...>', 'of the times: these networks or precisions alone, such as img64-s')
  .action((options: Options) =>
    run(options).catch((error: unknown) => {
      say(error instanceof Error ? error.message : String(error));
      process.exitCode = 1;
    }),
  )
  .parseAsync();
