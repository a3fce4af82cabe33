import { known } from '@edm2/options';

/** Options of {@link createLossByNoiseLevel}. */
export interface LossByNoiseLevelOptions {
  /** Number of bins of equal width in ln σ, a positive integer. */
  readonly bins?: number;
  /** Outer edge of the first bin, > 0; lower noise levels count in it. */
  readonly sigmaMin?: number;
  /** Outer edge of the last bin, > sigmaMin; higher noise levels count in it. */
  readonly sigmaMax?: number;
}

/** The statistics so far. */
export interface NoiseLevelResult {
  /** `bins + 1` noise levels, ascending, evenly spaced in ln σ. */
  readonly edges: Float64Array;
  /** Images per bin. */
  readonly counts: Float64Array;
  /** Mean loss per bin; NaN where nothing was counted. */
  readonly mean: Float64Array;
}

/** Plain numbers (JSON-safe) that {@link LossByNoiseLevel.restore} takes back without loss. */
export interface LossByNoiseLevelState {
  readonly counts: number[];
  readonly sums: number[];
}

/** A running mean of the loss per noise level. */
export interface LossByNoiseLevel {
  /**
   * Counts a batch.
   *
   * @param sigma - N noise levels, > 0.
   * @param loss - N finite losses, one per image.
   * @throws {RangeError} when the lengths differ or a value is out of range; nothing is counted then.
   */
  add(sigma: ArrayLike<number>, loss: ArrayLike<number>): void;
  result(): NoiseLevelResult;
  state(): LossByNoiseLevelState;
  /** @throws {RangeError} when the state has another number of bins. */
  restore(state: LossByNoiseLevelState): void;
  /** Forgets everything counted, so that the next result covers what comes after. */
  reset(): void;
}

/**
 * Running mean of the raw loss (before the learned uncertainty divides it) per bin of ln σ, in float64 on the host.
 *
 * The curve shows which noise levels a net has learned, and whether `e^u(σ)` follows what it should estimate.
 *
 * @param options - the default range 0.002…80 is that of EDM's sampler.
 * @throws {RangeError} when bins is not a positive integer or not 0 < sigmaMin < sigmaMax.
 * @see Karras et al. 2024, Figure 5a.
 */
export function createLossByNoiseLevel(options: LossByNoiseLevelOptions = {}): LossByNoiseLevel {
  const names = { bins: true, sigmaMin: true, sigmaMax: true } as const;
  const { bins = 32, sigmaMin = 0.002, sigmaMax = 80 } = known('createLossByNoiseLevel', options, names);
  if (!(Number.isInteger(bins) && bins > 0))
    throw new RangeError(`createLossByNoiseLevel: expected bins as a positive integer, got ${bins}. 32 is usual.`);
  if (!(sigmaMin > 0 && sigmaMax > sigmaMin && sigmaMax < Number.POSITIVE_INFINITY))
    throw new RangeError(
      `createLossByNoiseLevel: expected 0 < sigmaMin < sigmaMax, got ${sigmaMin} and ${sigmaMax}. Swap or correct them.`,
    );
  const low = Math.log(sigmaMin);
  const width = (Math.log(sigmaMax) - low) / bins;
  const counts = new Float64Array(bins);
  const sums = new Float64Array(bins);
  const binOf = (sigma: number): number => Math.min(bins - 1, Math.max(0, Math.floor((Math.log(sigma) - low) / width)));

  return {
    add(sigma, loss) {
      assertBatch(sigma, loss);
      for (let i = 0; i < sigma.length; i++) {
        const bin = binOf(sigma[i] ?? Number.NaN);
        counts[bin] = (counts[bin] as number) + 1;
        sums[bin] = (sums[bin] as number) + (loss[i] ?? Number.NaN);
      }
    },
    result: () => ({
      edges: Float64Array.from({ length: bins + 1 }, (_, i) => Math.exp(low + i * width)),
      counts: counts.slice(),
      mean: sums.map((sum, i) => sum / (counts[i] as number)),
    }),
    state: () => ({ counts: [...counts], sums: [...sums] }),
    restore(state) {
      if (state.counts.length !== bins || state.sums.length !== bins)
        throw new RangeError(
          `createLossByNoiseLevel.restore: expected the state of ${bins} bins, got ${state.counts.length} counts and ` +
            `${state.sums.length} sums. Create it with the same options as the one that was saved.`,
        );
      counts.set(state.counts);
      sums.set(state.sums);
    },
    reset() {
      counts.fill(0);
      sums.fill(0);
    },
  };
}

/** All values are looked at before the first is counted, so that a bad batch leaves the statistics as they were. */
function assertBatch(sigma: ArrayLike<number>, loss: ArrayLike<number>): void {
  if (sigma.length !== loss.length)
    throw new RangeError(
      `createLossByNoiseLevel.add: expected one loss per noise level, got ${sigma.length} and ${loss.length}. ` +
        'Pass arrays of equal length.',
    );
  for (let i = 0; i < sigma.length; i++) {
    const s = sigma[i] ?? Number.NaN;
    const l = loss[i] ?? Number.NaN;
    if (!(s > 0 && s < Number.POSITIVE_INFINITY))
      throw new RangeError(`createLossByNoiseLevel.add: expected sigma > 0, got ${s} at ${i}. Pass σ, not ln σ.`);
    if (!Number.isFinite(l))
      throw new RangeError(`createLossByNoiseLevel.add: expected a finite loss, got ${l} at ${i}. Training diverged.`);
  }
}
