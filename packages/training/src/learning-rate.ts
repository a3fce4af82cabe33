import { known } from '@edm2/options';

/** Options of {@link learningRate}. */
export interface LearningRateOptions {
  /** Reference learning rate α_ref, ≥ 0. */
  readonly ref: number;
  /** Batches t_ref after which the rate begins to decay; 0 or Infinity: never. */
  readonly decayBatches: number;
  /** Images per step B, > 0. */
  readonly batch: number;
  /** Length of the linear ramp-up, in millions of images; 0: none. */
  readonly rampupMimg?: number;
}

/**
 * EDM2's learning rate: a linear ramp-up, then inverse square root decay,
 * `α(n) = α_ref / √max(n/(t_ref·B), 1) · min(n/rampup, 1)`.
 *
 * @param nimg - images seen **before** the step, n ≥ 0. At 0 a ramp-up gives rate 0.
 * @returns a number, to be handed to the step as a scalar tensor: a new value compiles nothing anew.
 * @throws {RangeError} when a number is out of range.
 * @see Karras et al. 2024, eq. 67; ramp-up: section D.2.
 */
export function learningRate(nimg: number, options: LearningRateOptions): number {
  const names = { ref: true, decayBatches: true, batch: true, rampupMimg: true } as const;
  const { ref, decayBatches, batch, rampupMimg = 10 } = known('learningRate', options, names);
  assertAtLeast('nimg', nimg, 0);
  assertAtLeast('ref', ref, 0);
  assertAtLeast('rampupMimg', rampupMimg, 0);
  if (!(decayBatches >= 0))
    throw new RangeError(`learningRate: expected decayBatches ≥ 0, got ${decayBatches}. Pass 0 for no decay.`);
  if (!(batch > 0 && batch < Number.POSITIVE_INFINITY))
    throw new RangeError(`learningRate: expected batch > 0, got ${batch}. Pass the images per step.`);
  const decay = decayBatches > 0 ? Math.sqrt(Math.max(nimg / (decayBatches * batch), 1)) : 1;
  const rampup = rampupMimg > 0 ? Math.min(nimg / (rampupMimg * 1e6), 1) : 1;
  return (ref / decay) * rampup;
}

function assertAtLeast(name: string, value: number, least: number): void {
  if (!(value >= least && value < Number.POSITIVE_INFINITY))
    throw new RangeError(`learningRate: expected ${name} ≥ ${least}, got ${value}. Pass a finite number.`);
}
