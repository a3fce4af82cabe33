import { type Command, InvalidArgumentError } from 'commander';
import { takeRows } from '../../features.js';
import { frechetDistance } from '../../frechet-distance.js';
import { inceptionScore } from '../../inception-score.js';
import { kernelDistance } from '../../kernel-distance.js';
import { precisionRecall } from '../../precision-recall.js';
import { sampleSizeWarning } from '../../sample-size.js';
import { bootstrap } from '../../spread.js';
import { createStatistics } from '../../statistics.js';
import { vendiScore } from '../../vendi-score.js';
import { findLapack } from '../lapack.js';
import type { Io } from './io.js';
import { createMeasurer, type MeasuredSet, type NetworkOptions } from './measure.js';
import { addNetworkOptions, parsePositive } from './options.js';

const METRICS = ['fd', 'kid', 'pr', 'is', 'vendi'] as const;
type Metric = (typeof METRICS)[number];

interface CalcOptions extends NetworkOptions {
  readonly metrics: Metric[];
  readonly bootstrap?: number;
  readonly seed: number;
  readonly lapack?: string;
  readonly json?: true;
}

/** A figure as it is printed; `std` where it is a mean over draws. */
interface Figure {
  readonly name: string;
  readonly value: number;
  readonly std?: number;
  readonly of?: string;
}

/** `fid calc`: compares two sets. */
export function addCalcCommand(program: Command, io: Io): void {
  addNetworkOptions(program.command('calc'))
    .description('Compare generated images with a reference: folders, zips, or files of statistics.')
    .argument('<images>', 'generated: folder, .zip, or statistics (.npz, .safetensors)')
    .argument('<reference>', 'real: the same')
    .option('--metrics <list>', `any of ${METRICS.join(', ')}; all but fd need images`, parseMetrics, ['fd'])
    .option('--bootstrap <resamples>', 'spread of fd over resampled images', parsePositive)
    .option('--seed <number>', 'of subsets and resamples', Number, 0)
    .option('--lapack <library>', 'a LAPACK to use; default the first of the usual ones, else typed arrays')
    .option('--json', 'print one JSON object')
    .action(async (images: string, reference: string, options: CalcOptions) => {
      const keep = options.metrics.some((metric) => metric !== 'fd') || options.bootstrap !== undefined;
      const measurer = createMeasurer(options, io);
      try {
        const fake = await measurer.measure(images, { keep });
        const real = await measurer.measure(reference, { keep });
        const { title, dims, resize } = measurer.detector;
        const figures = await figuresOf(fake, real, title, dims, options);
        const smaller = Math.min(fake.n ?? Number.POSITIVE_INFINITY, real.n ?? Number.POSITIVE_INFINITY);
        const warning = Number.isFinite(smaller) ? sampleSizeWarning(smaller, dims) : undefined;
        const setup = { network: options.network, resize, n: fake.n, nReference: real.n };
        if (options.json) {
          const skipped = { skipped: fake.skipped, skippedReference: real.skipped };
          io.out(JSON.stringify({ ...setup, ...skipped, figures, ...(warning ? { warning } : {}) }));
        } else {
          const counts = `n = ${count(fake.n)} against ${count(real.n)}, ${options.network}, ${resize}`;
          io.out(figures.map((figure) => `${show(figure)}  (${counts})`).join('\n'));
        }
        if (warning) io.err.write(`fid: ${warning}\n`);
      } finally {
        measurer.close();
      }
    });
}

async function figuresOf(
  fake: MeasuredSet,
  real: MeasuredSet,
  title: string,
  dims: number,
  { metrics, seed, lapack, bootstrap: resamples }: CalcOptions,
): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const metric of metrics) {
    if (metric === 'fd') {
      const linearAlgebra = await findLapack({ library: lapack });
      figures.push({ name: title, value: frechetDistance(fake.gaussian, real.gaussian, { linearAlgebra }) });
      if (resamples === undefined) continue;
      const features = featuresOf(fake, 'features', '--bootstrap');
      const spread = bootstrap(
        features.length / dims,
        (rows) => {
          const statistics = createStatistics(dims);
          statistics.add(takeRows(features, rows, { dims }));
          return frechetDistance(statistics.result(), real.gaussian, { linearAlgebra });
        },
        { resamples, seed },
      );
      figures.push({ name: `${title} resampled`, value: spread.mean, std: spread.std, of: `${resamples} resamples` });
    } else if (metric === 'kid') {
      const [x, y] = [featuresOf(real, 'features', 'kid'), featuresOf(fake, 'features', 'kid')];
      const { mean, std, values } = kernelDistance(x, y, { dims, subsets: 100, seed });
      figures.push({ name: 'KID', value: mean, std, of: `${values.length} subsets` });
    } else if (metric === 'pr') {
      const result = precisionRecall(featuresOf(real, 'features', 'pr'), featuresOf(fake, 'features', 'pr'), { dims });
      for (const [name, value] of Object.entries(result)) figures.push({ name, value });
    } else if (metric === 'is') {
      const logits = featuresOf(fake, 'logits', 'is');
      const { mean, std } = inceptionScore(logits, {
        dims: logits.length / (fake.n ?? 1),
        splits: Math.min(10, fake.n ?? 1),
      });
      figures.push({ name: 'IS', value: mean, std, of: 'splits, in the order of names' });
    } else {
      figures.push({ name: 'Vendi', value: vendiScore(featuresOf(fake, 'features', 'vendi'), { dims }) });
    }
  }
  return figures;
}

function featuresOf(set: MeasuredSet, which: 'features' | 'logits', metric: string): Float32Array {
  const values = set[which];
  if (values) return values;
  const what = which === 'logits' ? 'Inception’s logits' : 'images';
  throw new RangeError(`fid: expected ${what} for ${metric}, got ${set.path}. Pass a folder or zip of images.`);
}

function parseMetrics(text: string): Metric[] {
  return text.split(',').map((part) => {
    const metric = METRICS.find((known) => known === part.trim());
    if (!metric) throw new InvalidArgumentError(`Expected any of ${METRICS.join(', ')}, got "${part}".`);
    return metric;
  });
}

const count = (n: number | undefined): string => (n === undefined ? 'unknown' : n.toLocaleString('en-US'));

const show = ({ name, value, std, of }: Figure): string =>
  `${name} ${value.toPrecision(6)}${std === undefined ? '' : ` ± ${std.toPrecision(3)} over ${of}`}`;
