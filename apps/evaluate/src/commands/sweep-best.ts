import { join } from 'node:path';
import { startProgress } from '@edm2/app-kit/command/progress';
import { FIGURES } from '@edm2/app-scoring/scores/figure-kinds';
import { formatSpread } from '@edm2/app-scoring/scores/spread';
import { prepareNetworks } from '@edm2/app-scoring/sweep/networks';
import { describe, product, type SweepPoint } from '@edm2/app-scoring/sweep/point';
import { ranked, type SweepResult } from '@edm2/app-scoring/sweep/result';
import { runSweep } from '@edm2/app-scoring/sweep/run-sweep';
import { figuresOf, metricWarnings } from '@edm2/fid';
import { karrasSchedule } from '@edm2/sampler';
import { type Decoder, sampleAll, writeGrid } from 'edm2/parts';
import { averageNotes, describeSettings } from '../draw/describe-sweep.js';
import { writeSweep } from '../draw/write-sweep.js';
import { decoderFor } from '../generate/open-model.js';
import { seedClasses } from '../generate/seed-classes.js';
import { interruptible } from '../interruptible.js';
import { axesOf, type SweepOptions } from '../options/sweep-options.js';
import { say } from '../say.js';
import { measureOptions, openSweepSession, type SweepSession } from './sweep-session.js';

/** Images of the best setting that are shown. */
const SHOWN = 100;
const COLUMNS = 10;

/** `edm2-evaluate sweep`: scores settings, finds the best, and draws what was found. */
export async function bestCommand(options: SweepOptions, typed: string): Promise<void> {
  const axes = axesOf(options);
  const session = await openSweepSession(options, axes.sigmaRels);
  const { num, draws } = options;
  say(`${product(axes).length} settings to begin with, ${num} images each${draws > 1 ? `, ${draws} draws` : ''}`);
  try {
    await interruptible(session.kept(typed), async (signal) => {
      const { networks, cache, engine } = session;
      const open = await prepareNetworks(networks, product(axes).slice(0, 1), cache, signal);
      const first = await open({ sigmaRel: axes.sigmaRels[0] ?? 0, weight: 1 });
      const decoder = await decoderFor(first.network, options, engine);
      const results = await search(options, session, decoder, signal);
      const [best] = ranked(results, session.score);
      if (best) {
        const picture = await drawBest(best.point, options, session, decoder, signal);
        await report(results, best, picture, options, session, typed);
      }
      decoder.dispose();
    });
  } finally {
    session.dispose();
  }
}

/** Scores what the search asks for, with a line each. */
async function search(
  options: SweepOptions,
  session: SweepSession,
  decoder: Decoder,
  signal: AbortSignal,
): Promise<SweepResult[]> {
  const axes = axesOf(options);
  const { main, guide, score, settings } = session;
  const { solver: _solver, churn: _churn, ...schedule } = settings;
  const progress = startProgress('sweeping', product(axes).length * options.num * options.draws, 'images');
  return runSweep({
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
    onResult: ({ point, score: found }, reused) =>
      progress.say(`${describe(point)}: ${score.title} ${formatSpread(found)}${reused ? ' (found before)' : ''}`),
    signal,
  }).finally(() => progress.stop());
}

/** Draws images of the best setting. @returns the picture's path. */
async function drawBest(
  point: SweepPoint,
  options: SweepOptions,
  { networks, cache, settings, outdir }: SweepSession,
  decoder: Decoder,
  signal: AbortSignal,
): Promise<string> {
  const open = await prepareNetworks(networks, [point], cache, signal);
  const {
    denoise,
    network: { config },
  } = await open(point);
  const images = await sampleAll({
    denoise,
    config,
    seeds: Array.from({ length: Math.min(SHOWN, options.num) }, (_, i) => i),
    classOf: seedClasses(config.labelDim, options.class ?? firstClasses(config.labelDim), COLUMNS),
    settings,
    batch: options.batch,
    decoder,
    signal,
  });
  const picture = join(outdir, 'best.png');
  await writeGrid(picture, images, { columns: COLUMNS });
  return picture;
}

/** Rows of the picture of best images: the first ten classes. */
const firstClasses = (labelDim: number): number[] | undefined =>
  labelDim === 0 ? undefined : Array.from({ length: Math.min(labelDim, SHOWN / COLUMNS) }, (_, i) => i);

/** Writes the page and the tables, and says what is best. */
async function report(
  results: readonly SweepResult[],
  best: SweepResult,
  picture: string,
  options: SweepOptions,
  session: SweepSession,
  typed: string,
): Promise<void> {
  const { outdir, network, score, reference } = session;
  const { metrics } = options.metrics;
  const { num, draws } = options;
  const warnings = [
    ...metricWarnings(metrics, { n: num, nReference: reference.n, dims: network.dims }),
    ...averageNotes(best.point, session),
  ];
  const keys = [...figuresOf(metrics), 'agreement' as const];
  const about = {
    title: 'EDM2 sweep',
    score,
    titles: Object.fromEntries(keys.map((key) => [key, FIGURES[key].title(network)])),
    command: typed,
    settings: describeSettings(options, session, axesOf(options)),
    warnings,
  };
  await writeSweep(outdir, results, about, picture);
  say(`\nbest of ${results.length}: ${describe(best.point)}`);
  say(`${score.title} ${formatSpread(best.score)}, n = ${best.n}${draws > 1 ? `, ${draws} draws` : ', one draw'}`);
  for (const warning of warnings) say(`warning: ${warning}`);
  say(`open ${join(outdir, 'sweep.html')}; figures in sweep.json and sweep.csv`);
}
