import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UsageError } from '@edm2/app-kit/command/errors';
import { withProgress } from '@edm2/app-kit/command/progress';
import type { FeatureNetwork } from '@edm2/app-kit/scores/feature-network';
import { writeReference } from '@edm2/app-kit/scores/reference-file';
import type { Score } from '@edm2/app-kit/scores/score';
import { openDataset } from '@edm2/dataset';
import type { Command } from 'commander';
import { openModel } from '../generate/open-model.js';
import { seedClasses } from '../generate/seed-classes.js';
import { interruptible } from '../interruptible.js';
import { figuresOf, formatFigure, warnings } from '../metrics/figures.js';
import { drawIndices, scoreImages } from '../metrics/measure-images.js';
import { drawSeeds, measureModel } from '../metrics/measure-model.js';
import {
  type FeatureOptions,
  featuresOf,
  referenceOf,
  withFeatures,
  withReference,
} from '../options/feature-options.js';
import {
  type EngineChoice,
  type ModelOptions,
  samplerSettings,
  withEngineOptions,
  withModelOptions,
} from '../options/model-options.js';
import { positive, ranges, whole } from '../options/parse.js';
import { engineFor } from '../options/start-engine.js';
import { print, say } from '../say.js';

interface DrawOptions {
  readonly num?: number;
  readonly draws: number;
  readonly seed: number;
  readonly json?: boolean;
}

interface CalcOptions extends EngineChoice, FeatureOptions, DrawOptions {
  readonly images?: string;
  readonly split?: 'train' | 'test';
}

interface GenOptions extends ModelOptions, FeatureOptions, DrawOptions {
  readonly class?: readonly number[];
}

interface RefOptions extends EngineChoice, FeatureOptions {
  readonly data?: string;
  readonly dest?: string;
  readonly split?: 'train' | 'test';
  readonly resolution?: number;
}

/** Generated images of a figure where the command line says nothing: those of published ones. */
const PUBLISHED_IMAGES = 50_000;

const withDraws = (command: Command): Command =>
  command
    .option('--num <n>', 'images of a draw', positive)
    .option(
      '--draws <n>',
      'figures from so many draws, no image in two; printed as mean ± standard deviation',
      positive,
      1,
    )
    .option('--json', 'print one JSON object');

/** `edm2-evaluate metrics calc | gen | ref`. */
export function addMetricsCommand(program: Command): Command {
  const metrics = program.command('metrics').description('Score images, or a network, against real images.');
  withDraws(withReference(withEngineOptions(metrics.command('calc'))))
    .description('Score stored images.')
    .option('--images <path>', 'folder or zip of images')
    .option('--split <name>', 'of IDX files: train or test')
    .option('--seed <n>', 'chooses the images of the draws', whole, 0)
    .action((options: CalcOptions) => calcCommand(options));
  withDraws(withReference(withModelOptions(metrics.command('gen'))))
    .description('Score a network: draw images and score them, without storing them.')
    .option('--seed <n>', 'first seed', whole, 0)
    .option('--class <list>', 'class, or several in turn (default: each seed draws its own)', ranges('--class'))
    .action((options: GenOptions) => genCommand(options));
  withFeatures(withEngineOptions(metrics.command('ref')))
    .description('Make the statistics of real images that the others compare with.')
    .option('--data <path>', 'folder, zip or IDX files of real images')
    .option('--dest <file>', 'where the statistics go, .safetensors')
    .option('--split <name>', 'of IDX files: train or test')
    .option('--resolution <n>', 'of IDX files: side in pixels', positive)
    .action((options: RefOptions) => refCommand(options));
  return metrics;
}

const splitOf = (split: 'train' | 'test' | undefined) => (split === undefined ? {} : { split });

async function calcCommand(options: CalcOptions): Promise<void> {
  if (options.images === undefined)
    throw new UsageError('--images: expected a folder or zip of images, got nothing. Name one.');
  const dataset = await openDataset(options.images, splitOf(options.split));
  try {
    const engine = await engineFor(options, options.features);
    const network = await featuresOf(options, engine);
    const reference = await referenceOf(options, network);
    const draws = drawIndices(dataset.length, options.num, options.draws, options.seed);
    const total = draws.reduce((sum, { length }) => sum + length, 0);
    const scores = await interruptible('nothing was written', (signal) =>
      withProgress('scoring', total, 'images', async (onProgress) => {
        const found: Score[] = [];
        for (const indices of draws) {
          const before = found.length * indices.length;
          const report = (done: number) => onProgress(before + done);
          const scorer = await scoreImages({ dataset, indices, network, onProgress: report, signal });
          found.push(await scorer.score(reference));
        }
        return found;
      }),
    );
    printScores({ images: options.images }, options, network, scores);
    network.dispose();
  } finally {
    await dataset.close();
  }
}

async function genCommand(options: GenOptions): Promise<void> {
  const model = await openModel(options);
  try {
    const network = await featuresOf(options, model.engine);
    const reference = await referenceOf(options, network);
    const draws = drawSeeds(options.seed, options.num ?? PUBLISHED_IMAGES, options.draws);
    const total = draws.reduce((sum, { length }) => sum + length, 0);
    const scores = await interruptible('nothing was written', (signal) =>
      withProgress('drawing and scoring', total, 'images', async (onProgress) => {
        const found: Score[] = [];
        for (const seeds of draws) {
          const before = found.length * seeds.length;
          found.push(
            await measureModel({
              ...model,
              seeds,
              classOf: seedClasses(model.config.labelDim, options.class, 1),
              settings: samplerSettings(options),
              batch: options.batch,
              network,
              reference,
              onProgress: (done) => onProgress(before + done),
              signal,
            }),
          );
        }
        return found;
      }),
    );
    printScores({ net: model.net, gnet: model.gnet, guidance: model.guidance }, options, network, scores);
    if (model.preset) {
      const { metric, value, source } = model.preset.expected;
      say(`published for this setting: ${metric} ${value} over 50,000 images (${source})`);
    }
    network.dispose();
  } finally {
    model.dispose();
  }
}

async function refCommand(options: RefOptions): Promise<void> {
  const { data, dest } = options;
  if (data === undefined) throw new UsageError('--data: expected real images, got nothing. Name a folder or zip.');
  if (!dest?.endsWith('.safetensors'))
    throw new UsageError(`--dest: expected a file name ending in .safetensors, got ${dest ?? 'nothing'}. Name one.`);
  const dataset = await openDataset(data, {
    ...splitOf(options.split),
    ...(options.resolution === undefined ? {} : { resolution: options.resolution }),
  });
  try {
    const network = await featuresOf(options, await engineFor(options, options.features));
    const indices = Array.from({ length: dataset.length }, (_, i) => i);
    const scorer = await interruptible('nothing was written', (signal) =>
      withProgress('reading', indices.length, 'images', (onProgress) =>
        scoreImages({ dataset, indices, network, onProgress, signal }),
      ),
    );
    await mkdir(dirname(dest), { recursive: true });
    await writeReference(dest, scorer.statistics(), network);
    print(`${dest}  statistics of ${network.name} features, n = ${indices.length}`);
    for (const warning of warnings(network, indices.length)) say(`warning: ${warning}`);
    network.dispose();
  } finally {
    await dataset.close();
  }
}

function printScores(
  what: Readonly<Record<string, unknown>>,
  { json }: DrawOptions,
  network: FeatureNetwork,
  scores: readonly Score[],
): void {
  const figures = figuresOf(network, scores);
  if (json) print(JSON.stringify({ ...what, features: network.name, figures, draws: scores }));
  else for (const figure of figures) print(formatFigure(figure));
  for (const warning of warnings(network, scores[0]?.n ?? 0)) say(`warning: ${warning}`);
}
