import { join, relative } from 'node:path';
import { withEngineOptions } from '@edm2/app-kit/command/engine-options';
import { listenForInterrupt } from '@edm2/app-kit/command/interrupt';
import { openJsonLines } from '@edm2/app-kit/files/json-lines';
import { withDestination } from '@edm2/command/destination';
import { UsageError } from '@edm2/command/errors';
import { afterSubcommand } from '@edm2/command/shell';
import { ownCommand } from '@edm2/command/typed';
import { wholeNumber } from '@edm2/command/whole-number';
import { type EngineName, startEngine } from '@edm2/engine';
import { makeFolder, writeFileAtomic } from '@edm2/tensor-files';
import type { Command } from 'commander';
import { commandWords, findInstalled, openFeatures, readReference } from 'edm2/parts';
import { asInterruption } from '../ladder/run-ladder.js';
import { count } from '../options/parsers.js';
import { say } from '../say.js';
import { runOne, type SmallResult, type SmallSize } from './run-one.js';
import { RUNS, type SmallRun } from './runs.js';
import { smallDataTable } from './table.js';

interface SmallDataOptions {
  readonly images: number;
  readonly only?: string;
  readonly most?: number;
  readonly outdir: string;
  readonly engine: EngineName;
  readonly threads?: number;
  readonly smoke?: boolean;
}

/** Images that a run is trained on, by default. */
const IMAGES = 24_000;
const SCORED: Omit<SmallSize, 'images'> = { num: 300, steps: 10 };
const SMOKE: Omit<SmallSize, 'images'> = { num: 20, steps: 2 };

/** `edm2-train small-data`, which `npm run small-data` runs. */
export const addSmallDataCommand = (program: Command): Command =>
  withEngineOptions(
    withDestination(
      program.command('small-data'),
      '--outdir <folder>',
      'where everything goes; rows that are there already are not done again (default: runs/small-data)',
    ),
    { training: true },
  )
    .description(
      'Trains on 500, 2,000 and 4,000 digits with one option changed at a time: the table of docs/guide/small-data.md.',
    )
    .option('--images <n>', 'images that each run is trained on', count('--images'), IMAGES)
    .option('--only <text>', 'the rows whose names contain it, such as 500- or augment')
    .option('--most <n>', 'rows to do now; the same command goes on with the next', wholeNumber({ most: 1000 }))
    .option('--smoke', 'fewer images in the scores, to see that everything works')
    .exitOverride()
    .showSuggestionAfterError()
    .action((options: SmallDataOptions) => smallDataCommand(options));

async function smallDataCommand({
  outdir = join('runs', 'small-data'),
  images,
  only = '',
  most = Number.POSITIVE_INFINITY,
  ...options
}: SmallDataOptions): Promise<void> {
  const wanted = RUNS.filter(({ name }) => name.includes(only));
  if (wanted.length === 0)
    throw new UsageError(`--only: expected part of a row's name, such as ${RUNS[0]?.name}, got ${only}. Correct it.`);
  const judge = await findInstalled('digits');
  if (!judge?.features || !judge.reference)
    throw new UsageError(
      'small-data: expected the npm package @edm2/digits, whose classifier scores, got none. Install it.',
    );
  await makeFolder(outdir);
  const path = join(outdir, 'results.jsonl');
  const results = await openJsonLines<SmallResult>(path, { expected: 'a row', fn: 'small-data' });
  const isDone = ({ name }: SmallRun): boolean =>
    results.values.some((each) => each.name === name && each.images === images);
  const engine = await startEngine(options.engine, { ...(options.threads ? { threads: options.threads } : {}) });
  say(`engine: ${engine.why}`);
  const network = await openFeatures(judge.features, engine, commandWords);
  const reference = await readReference(judge.reference, network);
  const command = ownCommand(afterSubcommand(process.argv.slice(2), 'small-data'), { subcommand: 'small-data' });
  const interrupt = listenForInterrupt(say, 'stopping after this step; everything done so far is kept');
  const sizes: SmallSize = { images, ...(options.smoke ? SMOKE : SCORED) };
  try {
    for (const run of wanted.filter((each) => !isDone(each)).slice(0, most)) {
      const { signal } = interrupt;
      const result = await runOne({ run, sizes, outdir, engine, network, reference, seed: 0, signal, say, command });
      await results.add(result);
      const best = Math.min(...result.scores.map(({ frechet }) => frechet));
      say(`${run.name}: held-out loss ${result.last.heldOut.toFixed(4)}, distance ${best.toFixed(2)}`);
    }
    await writeFileAtomic(join(outdir, 'table.md'), smallDataTable(results.values));
    say(`${relative('.', outdir)}/table.md: ${results.values.length} rows`);
  } catch (error) {
    throw asInterruption(error, interrupt.signal, command);
  } finally {
    interrupt.release();
    network.dispose();
  }
}
