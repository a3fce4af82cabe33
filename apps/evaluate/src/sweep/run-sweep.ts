import type { Decoder } from '@edm2/app-kit/sample/decode';
import type { SamplerSettings } from '@edm2/app-kit/sample/sample-pixels';
import type { FeatureNetwork } from '@edm2/app-kit/scores/feature-network';
import type { Gaussian } from '@edm2/fid';
import { seedClasses } from '../generate/seed-classes.js';
import { drawSeeds, measureModel } from '../metrics/measure-model.js';
import type { NetworkCache } from './network-cache.js';
import { prepareNetworks, type SweepNetworks } from './networks.js';
import { describe, type SweepAxes } from './point.js';
import { resultOf, type SweepResult } from './result.js';
import { type SearchOptions, searchBest } from './search.js';
import type { SweepStore } from './store.js';

/** What {@link runSweep} needs. */
export interface RunSweepOptions extends SearchOptions {
  readonly axes: SweepAxes;
  readonly networks: SweepNetworks;
  readonly cache: NetworkCache;
  readonly store: SweepStore;
  readonly network: FeatureNetwork;
  readonly reference: Gaussian;
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
  const { axes, networks, cache, store, network, reference, decoder, settings, batch, signal } = options;
  const draws = drawSeeds(options.seed, options.num, options.draws);
  const results: SweepResult[] = [];
  let done = 0;
  let total = 0;
  const measure: Parameters<typeof searchBest>[1] = async (points) => {
    const missing = points
      .flatMap((point) => draws.map((_, draw) => ({ point, draw })))
      .filter(({ point, draw }) => !store.get(point, draw));
    total += missing.length * options.num;
    const open =
      missing.length > 0
        ? await prepareNetworks(
            networks,
            missing.map(({ point }) => point),
            cache,
            signal,
          )
        : undefined;
    const measured = [];
    for (const point of points) {
      const scores = [];
      let reused = true;
      for (const [draw, seeds] of draws.entries()) {
        const stored = store.get(point, draw);
        if (stored || !open) {
          if (stored) scores.push(stored);
          continue;
        }
        reused = false;
        signal.throwIfAborted();
        const started = performance.now();
        const {
          denoise,
          network: { config },
        } = await open(point);
        const before = done;
        const score = await measureModel({
          denoise,
          config,
          seeds,
          classOf: seedClasses(config.labelDim, options.classes, 1),
          settings,
          batch,
          decoder,
          network,
          reference,
          onProgress: (drawn) => options.onProgress(before + drawn, total, describe(point)),
          signal,
        });
        done += seeds.length;
        scores.push(await store.add(point, draw, score, (performance.now() - started) / 1000));
      }
      const result = resultOf(point, scores);
      results.push(result);
      options.onResult(result, reused);
      measured.push({ point, score: result.frechet.mean });
    }
    return measured;
  };
  await searchBest(axes, measure, options);
  return results;
}
