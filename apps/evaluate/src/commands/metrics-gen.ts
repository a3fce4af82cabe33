import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withProgress } from '@edm2/app-kit/command/progress';
import { collectModel, drawSeeds } from '@edm2/app-scoring/scores/collect-model';
import { openJournal } from '@edm2/app-scoring/scores/journal';
import { keptFor, type Measurement, measure } from '@edm2/app-scoring/scores/measure';
import { UsageError } from '@edm2/command/errors';
import { expectFolder } from '@edm2/command/expect-destination';
import type { Command } from 'commander';
import { modelSettings } from '../generate/model-settings.js';
import { openModel } from '../generate/open-model.js';
import { seedClasses } from '../generate/seed-classes.js';
import { interruptible } from '../interruptible.js';
import { printFigures } from '../metrics/print-figures.js';
import { checkDraws, type DrawOptions, withDraws } from '../options/draw-options.js';
import {
  expectFeatures,
  expectReference,
  type FeatureOptions,
  featuresOf,
  type MetricOptions,
  referenceOf,
  withMetrics,
  withReference,
} from '../options/feature-options.js';
import { firstSeed, MAX_IMAGES } from '../options/limits.js';
import {
  checkSamplingOptions,
  type ModelOptions,
  samplerSettings,
  withModelOptions,
} from '../options/model-options.js';
import { ranges } from '../options/parse.js';
import { sayExpected } from '../presets.js';

interface GenOptions extends ModelOptions, FeatureOptions, MetricOptions, DrawOptions {
  readonly class?: readonly number[];
  readonly work: string;
}

/** Generated images of a figure where the command line says nothing: those of published ones. */
const PUBLISHED_IMAGES = 50_000;

/** `edm2-evaluate metrics gen`. */
export const addMetricsGenCommand = (metrics: Command, typed: string): Command =>
  withDraws(withMetrics(withReference(withModelOptions(metrics.command('gen')))))
    .description('Score a network: draw images and score them, without storing them.')
    .option('--seed <n>', 'first seed', firstSeed, 0)
    .option('--class <list>', 'class, or several in turn (default: each seed draws its own)', ranges('--class'))
    .option(
      '--work <folder>',
      'where features are kept until the figures are printed; the same command goes on there',
      join(tmpdir(), 'edm2-evaluate'),
    )
    .action((options: GenOptions, command: Command) => {
      checkSamplingOptions(command, options);
      checkDraws(command, options);
      return genCommand(options, typed);
    });

/** @throws {UsageError} when all draws together are too many images. */
function imagesOf({ num = PUBLISHED_IMAGES, draws }: GenOptions): number {
  if (num * draws > MAX_IMAGES)
    throw new UsageError(
      `--draws: expected at most ${MAX_IMAGES.toLocaleString('en')} images in all, got ${draws} draws of ${num.toLocaleString('en')}. Take several runs with another --seed.`,
    );
  return num;
}

async function genCommand(options: GenOptions, typed: string): Promise<void> {
  const {
    metrics: { metrics },
    bootstrap: resamples,
    seed,
    work,
  } = options;
  const num = imagesOf(options);
  await expectFeatures(options);
  await expectReference(options);
  await expectFolder('--work', work);
  const model = await openModel(options);
  try {
    const network = await featuresOf(options, model.engine);
    const draws = drawSeeds(seed, num, options.draws);
    const keep = keptFor(metrics, { resamples });
    const decides = {
      ...(await modelSettings(options, model)),
      features: network.fingerprint,
      logits: keep.logits,
      batch: options.batch,
      engine: model.engine.name,
      threads: model.engine.threads,
    };
    const kept = `what was drawn so far is kept in ${work}. Go on with: ${typed}`;
    await interruptible(kept, async (signal) => {
      const reference = await referenceOf(options, network, signal);
      const journals = draws.map(([first]) => {
        const hash = createHash('sha256')
          .update(JSON.stringify([decides, first, num]))
          .digest('hex')
          .slice(0, 16);
        return openJournal(join(work, `${hash}.judged`), {
          dims: network.dims,
          classes: keep.logits ? (network.classes ?? 0) : 0,
        });
      });
      const found = await withProgress('drawing and scoring', num * draws.length, 'images', async (onProgress) => {
        const measured: Measurement[] = [];
        for (const [draw, seeds] of draws.entries()) {
          const journal = journals[draw];
          const collected = await collectModel({
            ...model,
            seeds,
            classOf: seedClasses(model.config.labelDim, options.class, 1),
            settings: samplerSettings(options),
            batch: options.batch,
            network,
            keep,
            ...(journal ? { journal } : {}),
            onProgress: (done) => onProgress(draw * num + done),
            signal,
          });
          measured.push(await measure(collected, { network, reference, metrics, resamples }));
        }
        return measured;
      });
      const about = { net: model.net, gnet: model.gnet, guidance: model.guidance, ref: options.ref };
      printFigures({ about, network, metrics, draws: found, reference, json: options.json === true });
      sayExpected(model.preset);
      for (const journal of journals) await journal.remove();
    });
    network.dispose();
  } finally {
    model.dispose();
  }
}
