import { figuresOf, type MetricKey } from '@edm2/fid';
import type { Decoder, FeatureNetwork, Reference, SamplerSettings } from 'edm2/parts';
import { collectModel, drawSeeds } from '../scores/collect-model.js';
import { keptFor, measure } from '../scores/measure.js';
import type { NetworkCache } from './network-cache.js';
import { prepareNetworks, type SweepNetworks } from './networks.js';
import { describe, type SweepPoint } from './point.js';
import { resultOf, type ScoreKind, type SweepResult } from './result.js';
import type { ScoreStore, StoredScore } from './store.js';

/** What {@link createPointMeasure} needs. */
export interface MeasurePointsOptions {
  readonly networks: SweepNetworks;
  readonly cache: NetworkCache;
  readonly store: ScoreStore;
  readonly network: FeatureNetwork;
  readonly reference: Reference;
  readonly metrics: readonly MetricKey[];
  /** The figure that settings are chosen by. */
  readonly score: ScoreKind;
  readonly decoder: Decoder;
  readonly settings: SamplerSettings;
  /** The class that a network of so many makes of a seed. */
  readonly classOf: (labelDim: number) => (seed: number) => number;
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

/** Scores points. */
export interface PointMeasure {
  /** Draws that are in the store are not made again. @returns results in the order of the points. */
  measure(points: readonly SweepPoint[]): Promise<SweepResult[]>;
  /** Points that are in the store whole. */
  known(): SweepPoint[];
}

/** Scores points as the options say, and counts what is drawn. */
export function createPointMeasure(options: MeasurePointsOptions): PointMeasure {
  const { networks, cache, store, num, score, signal } = options;
  const draws = drawSeeds(options.seed, num, options.draws);
  const wanted = figuresOf(options.metrics);
  /** A draw in the store, if it has every figure. */
  const recall = (point: SweepPoint, draw: number): StoredScore | undefined => {
    const stored = store.get(point, draw);
    return stored && wanted.every((key) => stored.values[key] !== undefined) ? stored : undefined;
  };
  const missingOf = (point: SweepPoint): number => draws.filter((_, draw) => !recall(point, draw)).length;
  let done = 0;
  let total = 0;
  return {
    async measure(points) {
      const missing = points.filter((point) => missingOf(point) > 0);
      total += missing.reduce((sum, point) => sum + missingOf(point) * num, 0);
      const open = missing.length > 0 ? await prepareNetworks(networks, missing, cache, signal) : undefined;
      const results: SweepResult[] = [];
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
      }
      return results;
    },
    known: () => store.points().filter((point) => missingOf(point) === 0),
  };
}

/** Draws the images of one draw, measures and stores. */
async function measureDraw(
  options: MeasurePointsOptions,
  point: SweepPoint,
  draw: number,
  seeds: readonly number[],
  open: Awaited<ReturnType<typeof prepareNetworks>>,
  onProgress: (drawn: number) => void,
): Promise<StoredScore> {
  const { store, network, reference, metrics, decoder, settings, batch, classOf, signal } = options;
  const started = performance.now();
  const {
    denoise,
    network: { config },
  } = await open(point);
  const collected = await collectModel({
    denoise,
    config,
    seeds,
    classOf: classOf(config.labelDim),
    settings,
    batch,
    decoder,
    network,
    keep: keptFor(metrics),
    onProgress,
    signal,
  });
  const measured = await measure(collected, { network, reference, metrics });
  return store.add(point, draw, measured, (performance.now() - started) / 1000);
}
