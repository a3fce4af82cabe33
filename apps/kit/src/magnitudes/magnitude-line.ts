/** Magnitudes below one half of the network at one resolution: over all its features. */
export interface Magnitude {
  readonly max: number;
  readonly mean: number;
}

/** One line of a run's `magnitudes.jsonl`. Buckets are named `enc 16`, `dec 8`. */
export interface MagnitudeLine {
  readonly nimg: number;
  readonly activations: Readonly<Record<string, Magnitude>>;
  readonly weights: Readonly<Record<string, Magnitude>>;
  /** ‖Δw‖/‖w‖ of the last step by weight; null where a weight is zero. */
  readonly updates?: Readonly<Record<string, number | null>>;
}
