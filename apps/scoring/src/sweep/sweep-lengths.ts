import type { EngineReport } from '@edm2/engine';
import { pixelDecoder } from 'edm2/parts';
import { FIGURES } from '../scores/figure-kinds.js';
import type { MeasurePointsOptions } from './measure-points.js';
import { createNetworkCache } from './network-cache.js';
import { ranked, type ScoreKind, type SweepResult } from './result.js';
import { runSweep } from './run-sweep.js';
import { memoryStore } from './store.js';

/** What {@link sweepLengths} needs. */
export interface SweepLengthsOptions
  extends Pick<
    MeasurePointsOptions,
    'network' | 'reference' | 'settings' | 'classOf' | 'batch' | 'seed' | 'num' | 'signal' | 'onProgress'
  > {
  /** EMA lengths, in the order in which they are tried. */
  readonly lengths: readonly number[];
  readonly averages: MeasurePointsOptions['networks']['main'];
  readonly engine: EngineReport;
  /** Default: scores last as long as the program. */
  readonly store?: MeasurePointsOptions['store'];
}

/**
 * Scores averages of some lengths by their Fréchet distance, not guided, all on the same seeds: a sweep along one axis, of networks that
 * make pixels.
 *
 * @returns a result a length, in their order, and the best.
 */
export async function sweepLengths(
  options: SweepLengthsOptions,
): Promise<{ readonly results: readonly SweepResult[]; readonly best: SweepResult }> {
  const { lengths, averages, engine, network, store = memoryStore() } = options;
  const score: ScoreKind = { key: 'fd', title: FIGURES.fd.title(network), better: FIGURES.fd.better };
  const cache = createNetworkCache(engine);
  try {
    const results = await runSweep({
      ...options,
      networks: { main: averages },
      axes: { sigmaRels: lengths, guideSigmaRels: [undefined], weights: [1], intervals: [undefined] },
      search: 'grid',
      refine: 0,
      levels: [],
      metrics: ['fd'],
      score,
      cache,
      store,
      decoder: pixelDecoder,
      draws: 1,
      onResult: () => {},
    });
    const [best] = ranked(results, score);
    if (!best) throw new RangeError('sweepLengths: expected EMA lengths, got none. Give some.');
    return { results, best };
  } finally {
    cache.dispose();
  }
}
