import type { Denoiser } from '@edm2/sampler';
import { guided, type OpenDenoiser } from 'edm2/parts';
import type { Averages } from './averages.js';
import type { NetworkCache } from './network-cache.js';
import type { SweepPoint, TensorLength } from './point.js';

/** Averages as a sweep needs them; `mixed` for points of two lengths. */
export type PreparedAverages = Pick<Averages, 'prepare'> & Partial<Pick<Averages, 'mixed'>>;

/** Where the networks of a sweep come from. */
export interface SweepNetworks {
  readonly main: PreparedAverages;
  /** Averages that guide, or the one file that does; absent where nothing is guided. */
  readonly guide?: Averages | { readonly gnet: string };
}

/** The denoiser of a point, and the main network in it. */
export interface PointDenoiser {
  readonly denoise: Denoiser;
  readonly network: OpenDenoiser;
}

/** Makes all averages of one length that the points need; those of two are made when they are opened. @returns opens the denoiser of a point. */
export async function prepareNetworks(
  { main, guide }: SweepNetworks,
  points: readonly SweepPoint[],
  cache: NetworkCache,
  signal: AbortSignal,
): Promise<(point: SweepPoint) => Promise<PointDenoiser>> {
  const whole = points.flatMap(({ own, sigmaRel }) => (own ? [] : [sigmaRel]));
  const mains = whole.length > 0 ? await main.prepare(whole, signal) : new Map();
  const lengths = points.map(({ guideSigmaRel }) => guideSigmaRel).filter((length) => length !== undefined);
  const guides = guide && 'prepare' in guide && lengths.length > 0 ? await guide.prepare(lengths, signal) : new Map();
  const pathOf = (paths: ReadonlyMap<number, string>, sigmaRel: number): string => {
    const path = paths.get(sigmaRel);
    if (path === undefined) throw new Error(`sweep: expected an average of length ${sigmaRel}, got none. Report this.`);
    return path;
  };
  const openMain = (sigmaRel: number, own: TensorLength | undefined): Promise<OpenDenoiser> => {
    if (!own) return cache.open(pathOf(mains, sigmaRel));
    if (!main.mixed) throw new Error('sweep: expected averages of two lengths, got those of one. Report this.');
    const { path, make } = main.mixed(sigmaRel, own);
    return cache.open(path, () => make(signal));
  };
  return async ({ sigmaRel, own, guideSigmaRel, weight, interval }) => {
    // The guiding network first: the main one must still be open when both are.
    let away: OpenDenoiser | undefined;
    if (weight !== 1 && guide)
      away = await cache.open('gnet' in guide ? guide.gnet : pathOf(guides, guideSigmaRel ?? Number.NaN));
    const network = await openMain(sigmaRel, own);
    return { denoise: guided(network, away, { weight, interval }), network };
  };
}
