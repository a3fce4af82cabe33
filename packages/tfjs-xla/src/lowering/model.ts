import type { Data, DType } from '@edm2/tfjs-jit/graph';
import type { Splits } from '../engine/sharding.js';

/** Shape and type of an argument or a result. */
export interface Port {
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** A constant that is an argument, after the inputs: too large for text. */
export interface CapturedPort extends Port {
  readonly data: Data;
}

/**
 * A condition that must hold for the results to mean anything: XLA takes the nearest row for an index that points outside.
 * Two outputs belong to it, after the results: whether it holds, and the indices.
 */
export interface ModuleCheck {
  /** Shape of the indices. */
  readonly shape: readonly number[];
  /** Extents that the numbers of one place point into, over and over. */
  readonly into: readonly number[];
  /** The error, with the numbers of the first wrong place. */
  readonly error: (index: readonly number[]) => Error;
}

/** A function as a StableHLO module, in TensorFlow.js's own layout (NHWC, HWIO). */
export interface StableHloModule {
  readonly text: string;
  /** One per tensor argument, in order. */
  readonly inputs: readonly Port[];
  readonly captured: readonly CapturedPort[];
  /** Makes further arguments, after the captured constants, of constants alone: it runs once. Its outputs are they. */
  readonly once: StableHloModule | undefined;
  /** One per tensor result, in order. */
  readonly outputs: readonly Port[];
  readonly checks: readonly ModuleCheck[];
  /** How inputs and outputs lie over several devices; undefined: all of it on one. */
  readonly splits: Splits | undefined;
  /** Positions of inputs whose memory a call may take for its results. */
  readonly donated: ReadonlySet<number>;
}
