import { join } from 'node:path';
import { isGiven, refuseIdle } from '@edm2/app-kit/command/idle-options';
import { startProgress } from '@edm2/app-kit/command/progress';
import { aloneIn } from '@edm2/app-kit/files/alone';
import { writeGrid } from '@edm2/app-kit/pictures/write-grid';
import { sampleAll } from '@edm2/app-kit/sample/sample-pixels';
import { FIGURES } from '@edm2/app-kit/scores/figure-kinds';
import { formatSpread } from '@edm2/app-kit/scores/spread';
import type { Averages } from '@edm2/app-kit/sweep/averages';
import { prepareNetworks, type SweepNetworks } from '@edm2/app-kit/sweep/networks';
import { describe, product, type SweepAxes, type SweepPoint } from '@edm2/app-kit/sweep/point';
import { ranked } from '@edm2/app-kit/sweep/result';
import { runSweep } from '@edm2/app-kit/sweep/run-sweep';
import { withDestination } from '@edm2/command/destination';
import { UsageError } from '@edm2/command/errors';
import { withOverwrite } from '@edm2/command/expect-destination';
import { figuresOf, metricWarnings } from '@edm2/fid';
import { karrasSchedule } from '@edm2/sampler';
import { type Command, Option } from 'commander';
import { writeSweep } from '../draw/write-sweep.js';
import { decoderFor } from '../generate/open-model.js';
import { seedClasses } from '../generate/seed-classes.js';
import { interruptible } from '../interruptible.js';
import { withMetrics, withReference } from '../options/feature-options.js';
import { draws, firstSeed, images, rounds } from '../options/limits.js';
import { checkSamplingOptions, withSamplingOptions } from '../options/model-options.js';
import { count, intervals, numbers, ranges } from '../options/parse.js';
import { say } from '../say.js';
import { perTensorCommand } from './sweep-per-tensor.js';
import { DEFAULT_LENGTHS, measureOptions, openSweepSession, type SweepOptions } from './sweep-session.js';

/** Images of the best setting that are shown. */
const SHOWN = 100;
const COLUMNS = 10;

/** Settings to begin with: at a minute each, two months. */
const MAX_SETTINGS = 100_000;

/** `edm2-evaluate sweep`. */
export const addSweepCommand = (program: Command, typed: string): Command =>
  withOverwrite(
    withDestination(
      withMetrics(withReference(withSamplingOptions(program.command('sweep')))),
      '--outdir <folder>',
      'where the results go; a sweep that was interrupted goes on there',
    ),
    'replace the pictures and tables of a sweep with other settings in --outdir; its scores stay in scores.jsonl',
  )
    .description('Find the best EMA length, guidance and interval; draw how the score depends on them.')
    .option('--indir <folder>', "folder of a run's snapshots")
    .option('--t <images>', 'time of the averages (default: the last stored)', count('--t'))
    .option(
      '--sigma-rel <list>',
      `EMA lengths, such as 0.05,0.10,...,0.25 (default: ${DEFAULT_LENGTHS.join(',')})`,
      numbers('--sigma-rel'),
    )
    .option(
      '--per-tensor <pattern>',
      "vary the EMA length of the tensors so named alone (* for any part of a name, commas join patterns), the others' stays at --sigma-rel (default: the best of the lengths that all share); may be repeated, a curve each",
      (pattern: string, before: readonly string[] = []) => [...before, pattern],
    )
    .option(
      '--lengths <list>',
      `with --per-tensor: EMA lengths of those tensors (default: ${DEFAULT_LENGTHS.join(',')})`,
      numbers('--lengths'),
    )
    .addOption(
      new Option('--guidance <list>', 'guidance weights, such as 1,1.5,2')
        .argParser(numbers('--guidance'))
        .default([1], '1'),
    )
    .addOption(
      new Option('--guidance-interval <list>', 'noise levels that are guided, such as all,0.19-1.61')
        .argParser(intervals)
        .default([undefined], 'all'),
    )
    .option('--gnet <file>', 'guiding network: one without classes, or a worse one with the same')
    .option('--guide-indir <folder>', "or a run's snapshots to guide by (default: those of --indir)")
    .option('--guide-sigma-rel <list>', 'EMA lengths of the guiding network', numbers('--guide-sigma-rel'))
    .option('--guide-t <images>', 'time of the guiding averages (default: the last stored)', count('--guide-t'))
    .option('--force', 'take averages whose profile is far from the one asked for')
    .addOption(
      new Option('--search <how>', 'all combinations, or one axis after the other')
        .choices(['grid', 'lines'])
        .default('grid'),
    )
    .option(
      '--refine <n>',
      'rounds that halve the steps around the best, along every axis with more than one value',
      rounds,
      2,
    )
    .addOption(
      new Option('--score <figure>', 'figure that settings are chosen by (default: the first of --metrics)').choices(
        Object.keys(FIGURES),
      ),
    )
    .option('--num <n>', 'images of a draw', images, 1000)
    .option('--draws <n>', 'draws of each setting; shown as mean ± standard deviation', draws, 1)
    .option('--seed <n>', 'first seed; every setting is scored on the same', firstSeed, 0)
    .option('--class <list>', 'class, or several in turn (default: each seed draws its own)', ranges('--class'))
    .action((options: SweepOptions, command: Command) => {
      const given = (name: string): boolean => isGiven(command, name);
      checkSweepOptions(command, options);
      if (options.perTensor) return alone(options, () => perTensorCommand(options, given, typed));
      if (given('lengths'))
        throw new UsageError(
          '--lengths: expected --per-tensor as well, got none. Give lengths of all tensors as --sigma-rel.',
        );
      return alone(options, () => sweepCommand(options, typed));
    });

/** @throws {UsageError} when options do not go together, or one changes nothing. */
function checkSweepOptions(command: Command, options: SweepOptions): void {
  checkSamplingOptions(command, options);
  if (options.guidance.every((weight) => weight === 1))
    refuseIdle(
      command,
      ['guidanceInterval', 'gnet', 'guideIndir', 'guideSigmaRel', 'guideT'],
      'a weight other than 1 in --guidance',
    );
  const settings = Object.values(axesOf(options)).reduce((count, values) => count * values.length, 1);
  if (settings > MAX_SETTINGS)
    throw new UsageError(
      `--sigma-rel: expected at most ${MAX_SETTINGS.toLocaleString('en')} settings to begin with, got ${settings.toLocaleString('en')}. Give fewer values, here or of guidance; --refine finds those between.`,
    );
}

/** One sweep at a time writes to a folder. */
const alone = ({ outdir }: SweepOptions, work: () => Promise<void>): Promise<void> =>
  outdir === undefined ? work() : aloneIn(outdir, 'sweep', work);

async function sweepCommand(options: SweepOptions, typed: string): Promise<void> {
  const axes = axesOf(options);
  const session = await openSweepSession(options, axes.sigmaRels);
  const { outdir, main, guide, engine, network, score, reference, cache, networks, settings, kept } = session;
  const { solver: _solver, churn: _churn, ...schedule } = settings;
  const { metrics } = options.metrics;
  const { num, draws } = options;
  say(`${product(axes).length} settings to begin with, ${num} images each${draws > 1 ? `, ${draws} draws` : ''}`);

  await interruptible(kept(typed), async (signal) => {
    const open = await prepareNetworks(networks, product(axes).slice(0, 1), cache, signal);
    const first = await open({ sigmaRel: axes.sigmaRels[0] ?? 0, weight: 1 });
    const decoder = await decoderFor(first.network, options, engine);
    const progress = startProgress('sweeping', product(axes).length * num * draws, 'images');
    const results = await runSweep({
      axes,
      ...session,
      ...measureOptions(options),
      decoder,
      search: options.search,
      refine: options.refine,
      levels: [...karrasSchedule(schedule)],
      reaches: (name, length) => {
        const averages = name === 'sigmaRel' ? main : guide;
        return !averages || !('reaches' in averages) || averages.reaches(length);
      },
      onProgress: (done, total, note) => progress.update(done, note, total),
      onResult: (result, reused) =>
        progress.say(
          `${describe(result.point)}: ${score.title} ${formatSpread(result.score)}${reused ? ' (found before)' : ''}`,
        ),
      signal,
    }).finally(() => progress.stop());

    const [best] = ranked(results, score);
    if (!best) return;
    const openBest = await prepareNetworks(networks, [best.point], cache, signal);
    const {
      denoise,
      network: { config },
    } = await openBest(best.point);
    const images = await sampleAll({
      denoise,
      config,
      seeds: Array.from({ length: Math.min(SHOWN, num) }, (_, i) => i),
      classOf: seedClasses(config.labelDim, options.class ?? firstClasses(config.labelDim), COLUMNS),
      settings,
      batch: options.batch,
      decoder,
      signal,
    });
    const picture = join(outdir, 'best.png');
    await writeGrid(picture, images, { columns: COLUMNS });
    const notes = [
      ...metricWarnings(metrics, { n: num, nReference: reference.n, dims: network.dims }),
      ...averageNotes(best.point, main, guide),
    ];
    const about = {
      title: 'EDM2 sweep',
      score,
      titles: Object.fromEntries(
        [...figuresOf(metrics), 'agreement' as const].map((key) => [key, FIGURES[key].title(network)]),
      ),
      command: typed,
      settings: describeSettings(options, main, guide, axes),
      warnings: notes,
    };
    await writeSweep(outdir, results, about, picture);
    say(`\nbest of ${results.length}: ${describe(best.point)}`);
    say(`${score.title} ${formatSpread(best.score)}, n = ${best.n}${draws > 1 ? `, ${draws} draws` : ', one draw'}`);
    for (const note of notes) say(`warning: ${note}`);
    say(`open ${join(outdir, 'sweep.html')}; figures in sweep.json and sweep.csv`);
    decoder.dispose();
  });
  session.dispose();
}

/** What is wrong with the averages of a setting. */
function averageNotes(
  { sigmaRel, guideSigmaRel }: SweepPoint,
  main: Averages,
  guide: SweepNetworks['guide'],
): string[] {
  const away = guide && 'warningsOf' in guide && guideSigmaRel !== undefined ? guide.warningsOf(guideSigmaRel) : [];
  return [
    ...main.warningsOf(sigmaRel).map((note) => `best setting: ${note}`),
    ...away.map((note) => `its guide: ${note}`),
  ];
}

/** Rows of the picture of best images: the first ten classes. */
const firstClasses = (labelDim: number): number[] | undefined =>
  labelDim === 0 ? undefined : Array.from({ length: Math.min(labelDim, SHOWN / COLUMNS) }, (_, i) => i);

const axesOf = (options: SweepOptions): SweepAxes => ({
  sigmaRels: options.sigmaRel ?? DEFAULT_LENGTHS,
  guideSigmaRels: options.guideSigmaRel ?? [undefined],
  weights: options.guidance,
  intervals: options.guidanceInterval,
});

function describeSettings(
  options: SweepOptions,
  main: Averages,
  guide: SweepNetworks['guide'],
  axes: SweepAxes,
): [string, string][] {
  const { num, draws, seed, search, refine, steps, solver } = options;
  const rows: [string, string][] = [
    ['snapshots', `${options.indir} at ${main.t.toLocaleString('en')} images`],
    ['tracked in training', main.tracked.join(', ')],
  ];
  if (guide)
    rows.push([
      'guided by',
      'gnet' in guide ? guide.gnet : `${options.guideIndir ?? options.indir} at ${guide.t.toLocaleString('en')} images`,
    ]);
  return [
    ...rows,
    ['started from', `σ_rel ${axes.sigmaRels.join(', ')}; guidance ${axes.weights.join(', ')}`],
    ['search', `${search}, ${refine} rounds of refinement`],
    ['sampler', `${solver}, ${steps} steps`],
    ['images', `${num} a draw, ${draws} draw${draws > 1 ? 's' : ''}, seeds from ${seed}`],
    ['compared with', options.ref ?? ''],
  ];
}
