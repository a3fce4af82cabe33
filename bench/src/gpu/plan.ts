import { presets, type UNetOptions } from '@edm2/edm2-unet';
import { TINY } from '../nets.js';

/** Arithmetic of convolutions and matrix products. */
const PRECISIONS = ['bfloat16', 'tf32', 'float32'] as const;
export type Precision = (typeof PRECISIONS)[number];

/** A network that is timed, at growing batches. */
export interface Contest {
  readonly name: string;
  readonly net: UNetOptions;
  readonly precision: Precision;
  readonly batches: readonly number[];
}

/** What the script does with its time. */
export interface Plan {
  readonly contests: readonly Contest[];
  /** Seconds of training, without compiling. */
  readonly trainSeconds: number;
  /** The most seconds that checking the golden files may take, and training with all that it needs. */
  readonly goldenSeconds: number;
  readonly trainingSeconds: number;
  /** Turns of each side, and queued calls of a turn. */
  readonly rounds: number;
  readonly runs: number;
}

const withoutDropout = ({ dropout: _, ...net }: UNetOptions): UNetOptions => net;

/** The networks that the paper trains most, in the order of what is worth knowing first. */
const LARGE = ['img64-s', 'img512-s'] as const;
const BATCHES = [32, 64, 128, 256];

/** Ten minutes: what does not fit says so, `--minutes` gives more. */
const WHOLE: Plan = {
  contests: PRECISIONS.flatMap((precision) =>
    LARGE.map((name) => ({ name, net: withoutDropout(presets[name].unet), precision, batches: BATCHES })),
  ),
  trainSeconds: 180,
  goldenSeconds: 90,
  trainingSeconds: 240,
  rounds: 3,
  runs: 8,
};

/** The same on networks of a toy: to see that the script runs. */
const SMOKE: Plan = {
  contests: [{ name: 'tiny', net: TINY.net, precision: 'bfloat16', batches: [2] }],
  trainSeconds: 10,
  goldenSeconds: 900,
  trainingSeconds: 600,
  rounds: 1,
  runs: 2,
};

export const planOf = (smoke: boolean): Plan => (smoke ? SMOKE : WHOLE);
