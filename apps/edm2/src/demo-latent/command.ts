import { join } from 'node:path';
import { withEngineOptions } from '@edm2/app-kit/command/engine-options';
import { interruptible } from '@edm2/app-kit/command/interruptible';
import { withProgress } from '@edm2/app-kit/command/progress';
import { runCommand } from '@edm2/app-kit/command/run-command';
import { aloneIn } from '@edm2/app-kit/files/alone';
import { withDestination } from '@edm2/command/destination';
import { type ExitCode, InterruptedError, UsageError } from '@edm2/command/errors';
import { READABLE_HELP } from '@edm2/command/readable-help';
import { numeric } from '@edm2/command/readers';
import { shellLine } from '@edm2/command/shell';
import { ownCommand } from '@edm2/command/typed';
import { wholeNumber } from '@edm2/command/whole-number';
import { Command } from 'commander';
import { runDataset } from '../runners/dataset.js';
import { runEvaluate } from '../runners/evaluate.js';
import { runTrain } from '../runners/train.js';
import { readRecord, writeRecord } from './demo-folder.js';
import { fetchEmoji, SOURCE } from './emoji.js';
import { writeReport } from './report.js';
import { runDemo } from './run-demo.js';
import type { DemoScore } from './score.js';
import { SIZES } from './size.js';

interface DemoCommandOptions {
  readonly outdir?: string;
  readonly minutes: number;
  readonly seed: number;
  readonly smoke: boolean;
  readonly emoji?: string;
  readonly engine: string;
  readonly threads?: number;
}

const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** The command, which the repository runs as `npm run demo:latent`. */
export const createProgram = (): Command =>
  withEngineOptions(
    withDestination(
      new Command('edm2 demo-latent').configureHelp(READABLE_HELP),
      '--outdir <folder>',
      'where everything goes; what is there already is not done again (default: runs/emoji)',
    ),
    { training: true },
  )
    .description(
      `The latent system, whole: brings emoji (${SOURCE.name} ${SOURCE.version}, ${SOURCE.licence}), trains an autoencoder and a latent EDM2 on them, draws with autoguidance, decodes and scores, an EDM2 of the pixels beside it.`,
    )
    .option(
      '--minutes <n>',
      'time for the three trainings together; 0: as many images as a desk does overnight',
      numeric,
      0,
    )
    .option('--seed <n>', 'random seed', wholeNumber({ least: 0 }), 0)
    .option('--smoke', 'a run of seconds, to see that everything works', false)
    .option('--emoji <folder>', `the package ${SOURCE.name}, where it is installed already (default: npm brings it)`)
    .exitOverride()
    .allowExcessArguments(false)
    .showSuggestionAfterError()
    .action(demoLatent);

/** Runs the command. */
export const runDemoLatent = (args: readonly string[]): Promise<ExitCode> => runCommand(createProgram(), args);

async function demoLatent(options: DemoCommandOptions): Promise<void> {
  const { smoke, minutes, seed, threads } = options;
  if (minutes < 0) throw new UsageError(`--minutes: expected a number of at least 0, got ${minutes}. Correct it.`);
  const outdir = options.outdir ?? join('runs', smoke ? 'emoji-smoke' : 'emoji');
  const again = ownCommand(process.argv.slice(2));
  const words = { say, stopping: 'stopping', kept: `everything done so far is in ${outdir}. Continue with: ${again}` };
  await aloneIn(outdir, 'demo-latent', () =>
    interruptible(words, async (signal) => {
      const stored = await readRecord(outdir);
      if (stored && (stored.smoke !== smoke || stored.seed !== seed))
        throw new UsageError(
          `--outdir: expected a new folder or this very demonstration's, got ${outdir} of one with ${stored.smoke ? '--smoke' : 'no --smoke'} and --seed ${stored.seed}. Choose another --outdir.`,
        );
      const record = stored ?? { smoke, minutes, seed, durations: {} };
      if (!stored) await writeRecord(outdir, record);
      const emoji =
        options.emoji ??
        (await withProgress(`bringing ${SOURCE.name}`, 1, 'package', () =>
          fetchEmoji(join('node_modules', '.cache', 'edm2-emoji'), signal),
        ));
      const size = SIZES[smoke ? 'smoke' : 'full'];
      const { scores, shown } = await runDemo({
        outdir,
        record,
        size,
        emoji,
        engine: ['--engine', options.engine, ...(threads === undefined ? [] : ['--threads', String(threads)])],
        signal,
        say,
        run,
      });
      await writeReport({ outdir, command: again, scores, shown, rows: size.rows });
      for (const line of tableOf(scores)) say(line);
      say(
        `\nlook at ${join(outdir, 'latent-guided.png')}, beside real.png and rgb.png; nearest.png shows what is nearest in the data; report.md has the figures`,
      );
    }),
  );
}

/** Commands that the demonstration is made of. */
const RUNNERS: Readonly<Record<string, (args: readonly string[]) => Promise<ExitCode>>> = {
  train: runTrain,
  dataset: runDataset,
  generate: (args) => runEvaluate(['generate', ...args]),
  neighbours: (args) => runEvaluate(['neighbours', ...args]),
};

/** Runs a command of `edm2` in this process, after saying which. */
async function run(args: readonly string[]): Promise<void> {
  say(`\n$ edm2 ${shellLine(args)}`);
  const [name = '', ...rest] = args;
  const argv = [...process.argv];
  const code = await RUNNERS[name]?.(rest).finally(() => process.argv.splice(0, process.argv.length, ...argv));
  if (code === 130) throw new InterruptedError(`${name} was interrupted`);
  if (code !== 0)
    throw new Error(`edm2 ${shellLine(args)}: expected exit code 0, got ${code}. What it said stands above.`);
}

function tableOf(scores: readonly DemoScore[]): string[] {
  const width = Math.max(...scores.map(({ name }) => name.length)) + 2;
  return [
    '',
    `${' '.repeat(width)}Fréchet distance (thumbnails)  precision  recall  n`,
    ...scores.map(
      ({ name, frechet, precision, recall, images }) =>
        `${name.padEnd(width)}${frechet.toFixed(3).padStart(29)}  ${precision.toFixed(2).padStart(9)}  ${recall.toFixed(2).padStart(6)}  ${images}`,
    ),
  ];
}
