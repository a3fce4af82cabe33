import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { UsageError } from '@edm2/app-kit/command/errors';
import { startProgress } from '@edm2/app-kit/command/progress';
import { writeGrid } from '@edm2/app-kit/pictures/write-grid';
import { sampleAll } from '@edm2/app-kit/sample/sample-pixels';
import type { FeatureNetwork } from '@edm2/app-kit/scores/feature-network';
import { referenceFingerprint } from '@edm2/app-kit/scores/reference-file';
import { formatSpread } from '@edm2/app-kit/scores/spread';
import { karrasSchedule } from '@edm2/sampler';
import { type Command, Option } from 'commander';
import { writeSweep } from '../draw/write-sweep.js';
import { fileFingerprint } from '../generate/fingerprint.js';
import { decoderFor } from '../generate/open-model.js';
import { seedClasses } from '../generate/seed-classes.js';
import { interruptible } from '../interruptible.js';
import { warnings } from '../metrics/figures.js';
import { FIGURES, type FigureKey, figuresOfMetrics } from '../metrics/metrics.js';
import {
  type FeatureOptions,
  featuresOf,
  type MetricOptions,
  referenceOf,
  withMetrics,
  withReference,
} from '../options/feature-options.js';
import { type SamplingOptions, samplerSettings, withSamplingOptions } from '../options/model-options.js';
import { count, type Interval, intervals, numbers, positive, ranges, whole } from '../options/parse.js';
import { engineFor } from '../options/start-engine.js';
import { say } from '../say.js';
import { type Averages, openAverages } from '../sweep/averages.js';
import { createNetworkCache } from '../sweep/network-cache.js';
import { prepareNetworks, type SweepNetworks } from '../sweep/networks.js';
import { describe, product, type SweepAxes, type SweepPoint } from '../sweep/point.js';
import { ranked, type ScoreKind } from '../sweep/result.js';
import { runSweep } from '../sweep/run-sweep.js';
import { openStore } from '../sweep/store.js';

interface SweepOptions extends SamplingOptions, FeatureOptions, MetricOptions {
  readonly indir?: string;
  readonly outdir?: string;
  readonly t?: number;
  readonly sigmaRel: readonly number[];
  readonly guidance: readonly number[];
  readonly guidanceInterval: readonly (Interval | undefined)[];
  readonly gnet?: string;
  readonly guideIndir?: string;
  readonly guideSigmaRel?: readonly number[];
  readonly guideT?: number;
  readonly search: 'grid' | 'lines';
  readonly refine: number;
  readonly score?: FigureKey;
  readonly num: number;
  readonly draws: number;
  readonly seed: number;
  readonly class?: readonly number[];
}

/** Images of the best setting that are shown. */
const SHOWN = 100;
const COLUMNS = 10;

/** `edm2-evaluate sweep`. */
export const addSweepCommand = (program: Command, typed: string): Command =>
  withMetrics(withReference(withSamplingOptions(program.command('sweep'))))
    .description('Find the best EMA length, guidance and interval; draw how the score depends on them.')
    .option('--indir <folder>', "folder of a run's snapshots")
    .option('--outdir <folder>', 'where the results go; a sweep that was interrupted goes on there')
    .option('--t <images>', 'time of the averages (default: the last stored)', count('--t'))
    .option(
      '--sigma-rel <list>',
      'EMA lengths, such as 0.05,0.10,...,0.25',
      numbers('--sigma-rel'),
      [0.05, 0.1, 0.15, 0.2],
    )
    .option('--guidance <list>', 'guidance weights, such as 1,1.5,2', numbers('--guidance'), [1])
    .option('--guidance-interval <list>', 'noise levels that are guided, such as all,0.19-1.61', intervals, [undefined])
    .option('--gnet <file>', 'guiding network: one without classes, or a worse one with the same')
    .option('--guide-indir <folder>', "or a run's snapshots to guide by (default: those of --indir)")
    .option('--guide-sigma-rel <list>', 'EMA lengths of the guiding network', numbers('--guide-sigma-rel'))
    .option('--guide-t <images>', 'time of the guiding averages', count('--guide-t'))
    .addOption(
      new Option('--search <how>', 'all combinations, or one axis after the other')
        .choices(['grid', 'lines'])
        .default('grid'),
    )
    .option(
      '--refine <n>',
      'rounds that halve the steps around the best, along every axis with more than one value',
      whole,
      2,
    )
    .addOption(
      new Option('--score <figure>', 'figure that settings are chosen by (default: the first of --metrics)').choices(
        Object.keys(FIGURES),
      ),
    )
    .option('--num <n>', 'images of a draw', positive, 1000)
    .option('--draws <n>', 'draws of each setting; shown as mean ± standard deviation', positive, 1)
    .option('--seed <n>', 'first seed; every setting is scored on the same', whole, 0)
    .option('--class <list>', 'class, or several in turn (default: each seed draws its own)', ranges('--class'))
    .action((options: SweepOptions) => sweepCommand(options, typed));

async function sweepCommand(options: SweepOptions, typed: string): Promise<void> {
  const { indir, outdir } = options;
  if (indir === undefined)
    throw new UsageError("--indir: expected a folder of a run's snapshots, got nothing. Name one.");
  if (outdir === undefined) throw new UsageError('--outdir: expected a folder, got nothing. Say where the results go.');
  const main = await openAverages(indir, outdir, options.t);
  const guide = await guideOf(options, indir, outdir);
  const axes = axesOf(options);
  const engine = await engineFor(options, main.sample);
  say(`engine: ${engine.why}`);
  const network = await featuresOf(options, engine);
  const score = scoreOf(options, network);
  const { metrics } = options.metrics;
  const reference = await referenceOf(options, network);
  const cache = createNetworkCache(engine);
  const networks: SweepNetworks = guide ? { main, guide } : { main };
  const settings = samplerSettings(options);
  const { num, draws, seed } = options;
  const identity = {
    main: main.fingerprint,
    guide: guide && ('gnet' in guide ? await fileFingerprint(guide.gnet) : guide.fingerprint),
    features: network.fingerprint,
    reference: referenceFingerprint(reference),
    vae: options.vae,
    class: options.class,
    settings,
    num,
    seed,
  };
  const hash = createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 16);
  const store = await openStore(join(outdir, 'scores.jsonl'), hash);
  if (store.size > 0) say(`going on: ${store.size} draws are in ${join(outdir, 'scores.jsonl')} already`);
  say(`${product(axes).length} settings to begin with, ${num} images each${draws > 1 ? `, ${draws} draws` : ''}`);

  const kept = `the scores found so far are in ${join(outdir, 'scores.jsonl')}. Go on with: ${typed}`;
  await interruptible(kept, async (signal) => {
    const open = await prepareNetworks(networks, product(axes).slice(0, 1), cache, signal);
    const first = await open({ sigmaRel: axes.sigmaRels[0] ?? 0, weight: 1 });
    const decoder = await decoderFor(first.network, options, engine);
    const progress = startProgress('sweeping', product(axes).length * num * draws, 'images');
    const results = await runSweep({
      axes,
      networks,
      cache,
      store,
      network,
      reference,
      metrics,
      score,
      decoder,
      settings,
      classes: options.class,
      batch: options.batch,
      seed,
      num,
      draws,
      search: options.search,
      refine: options.refine,
      levels: [...karrasSchedule(settings)],
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
    const notes = [...warnings(network, metrics, num, reference.n), ...averageNotes(best.point, main, guide)];
    const about = {
      title: 'EDM2 sweep',
      score,
      titles: Object.fromEntries(
        [...figuresOfMetrics(metrics), 'agreement' as const].map((key) => [key, FIGURES[key].title(network)]),
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
  cache.dispose();
  network.dispose();
}

/** @throws {UsageError} when settings are to be chosen by a figure that is not measured. */
function scoreOf({ score, metrics: { metrics } }: SweepOptions, network: FeatureNetwork): ScoreKind {
  const measured = [...figuresOfMetrics(metrics), ...(network.classes === undefined ? [] : (['agreement'] as const))];
  const key = score ?? measured[0] ?? 'fd';
  if (!measured.includes(key))
    throw new UsageError(
      `--score: expected a figure of --metrics ${metrics.join(',')} (${measured.join(', ')}), got ${key}. Add its metric.`,
    );
  return { key, title: FIGURES[key].title(network), better: FIGURES[key].better };
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

async function guideOf(options: SweepOptions, indir: string, outdir: string): Promise<SweepNetworks['guide']> {
  if (options.guidance.every((weight) => weight === 1)) return undefined;
  const { gnet, guideIndir, guideSigmaRel, guideT } = options;
  const averaged = guideIndir !== undefined || guideSigmaRel !== undefined || guideT !== undefined;
  if (gnet !== undefined && averaged)
    throw new UsageError('--gnet: expected one kind of guiding network, got --gnet and --guide-… as well. Choose one.');
  if (gnet !== undefined) return { gnet };
  if (guideSigmaRel === undefined)
    throw new UsageError(
      `--guidance: expected a guiding network for the weights ${options.guidance.join(', ')}, got none. Add --gnet FILE, or --guide-sigma-rel with --guide-t or --guide-indir.`,
    );
  if (guideIndir === undefined && guideT === undefined)
    throw new UsageError(
      '--guide-sigma-rel: expected a worse network than the main one, got the same run at the same time. Add --guide-t with an earlier time, or --guide-indir with another run.',
    );
  return openAverages(guideIndir ?? indir, outdir, guideT);
}

const axesOf = (options: SweepOptions): SweepAxes => ({
  sigmaRels: options.sigmaRel,
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
