import type { Decoder } from '@edm2/app-kit/sample/decode';
import type { SamplerSettings } from '@edm2/app-kit/sample/sample-pixels';
import type { FeatureNetwork } from '@edm2/app-kit/scores/feature-network';
import type { Reference } from '@edm2/app-kit/scores/reference-file';
import { seedClasses } from '../generate/seed-classes.js';
import { measure } from '../metrics/measure.js';
import { collectModel, drawSeeds } from '../metrics/measure-model.js';
import { figuresOfMetrics, type MetricName, needs } from '../metrics/metrics.js';
import type { NetworkCache } from './network-cache.js';
import { prepareNetworks, type SweepNetworks } from './networks.js';
import { describe, type SweepAxes, type SweepPoint } from './point.js';
import type { Measured } from './refine.js';
import { cost, resultOf, type ScoreKind, type SweepResult } from './result.js';
import { type SearchOptions, searchBest } from './search.js';
import type { StoredScore, SweepStore } from './store.js';

/** What {@link runSweep} needs. */
export interface RunSweepOptions extends SearchOptions {
  readonly axes: SweepAxes;
  readonly networks: SweepNetworks;
  readonly cache: NetworkCache;
  readonly store: SweepStore;
  readonly network: FeatureNetwork;
  readonly reference: Reference;
  readonly metrics: readonly MetricName[];
  /** The figure that settings are chosen by. */
  readonly score: ScoreKind;
  readonly decoder: Decoder;
  readonly settings: SamplerSettings;
  readonly classes: readonly number[] | undefined;
  readonly batch: number;
  /** First seed, images of a draw, draws of a point. Every point is scored on the same seeds. */
  readonly seed: number;
  readonly num: number;
  readonly draws: number;
  /** Told of every point; `reused` when no image had to be drawn. */
  readonly onResult: (result: SweepResult, reused: boolean) => void;
  /** Images drawn of those that are known to be wanted by now. */
  readonly onProgress: (done: number, total: number, note: string) => void;
  readonly signal: AbortSignal;
}

/** Measures the points that the search asks for; draws that are in the store are not made again. */
export async function runSweep(options: RunSweepOptions): Promise<SweepResult[]> {
  const { axes, networks, cache, metrics, num, score, signal } = options;
  const draws = drawSeeds(options.seed, num, options.draws);
  const wanted = figuresOfMetrics(metrics);
  /** A draw in the store, if it has every figure. */
  const recall = (point: SweepPoint, draw: number): StoredScore | undefined => {
    const stored = options.store.get(point, draw);
    return stored && wanted.every((key) => stored.values[key] !== undefined) ? stored : undefined;
  };
  const results: SweepResult[] = [];
  let done = 0;
  let total = 0;
  const measurePoints = async (points: readonly SweepPoint[]): Promise<Measured[]> => {
    const missing = points.filter((point) => draws.some((_, draw) => !recall(point, draw)));
    total += missing.reduce((sum, point) => sum + draws.filter((_, draw) => !recall(point, draw)).length * num, 0);
    const open = missing.length > 0 ? await prepareNetworks(networks, missing, cache, signal) : undefined;
    const found: Measured[] = [];
    for (const point of points) {
      const reused = !missing.includes(point);
      const scores: StoredScore[] = [];
      for (const [draw, seeds] of draws.entries()) {
        const stored = recall(point, draw);
        if (stored) scores.push(stored);
        if (stored || !open) continue;
        signal.throwIfAborted();
        const onProgress = (drawn: number) => options.onProgress(done + drawn, total, describe(point));
        scores.push(await measureDraw(options, point, draw, seeds, open, onProgress));
        done += num;
      }
      const result = resultOf(point, scores, score.key);
      results.push(result);
      options.onResult(result, reused);
      found.push({ point, score: cost(result, score) });
    }
    return found;
  };
  await searchBest(axes, measurePoints, options);
  return results;
}

/** Draws the images of one draw, measures and stores. */
async function measureDraw(
  options: RunSweepOptions,
  point: SweepPoint,
  draw: number,
  seeds: readonly number[],
  open: Awaited<ReturnType<typeof prepareNetworks>>,
  onProgress: (drawn: number) => void,
): Promise<StoredScore> {
  const { store, network, reference, metrics, decoder, settings, batch, classes, signal } = options;
  const started = performance.now();
  const {
    denoise,
    network: { config },
  } = await open(point);
  const collected = await collectModel({
    denoise,
    config,
    seeds,
    classOf: seedClasses(config.labelDim, classes, 1),
    settings,
    batch,
    decoder,
    network,
    keep: { features: needs(metrics, 'features'), logits: needs(metrics, 'logits') },
    onProgress,
    signal,
  });
  const measured = await measure(collected, { network, reference, metrics });
  return store.add(point, draw, measured, (performance.now() - started) / 1000);
}
