import type { KnownEngine } from '@edm2/engine';
import type { Pixels, Posteriors } from './encoder.js';

/** First argument of a process that encodes: what tells it from a command line. */
export const MARK = 'edm2: encode';

/** Whether this process was started to encode for another one. */
export const isEncodeProcess = (): boolean => process.argv[2] === MARK && process.send !== undefined;

/** What a process that encodes is told once: a whole encoder. */
export interface Opening {
  readonly vae: string;
  readonly batch: number;
  readonly engine: KnownEngine;
  readonly threads: number;
}

/** A batch with its number. */
export type Question = readonly [id: number, pixels: Pixels];
/** What became of it; the number of what was told at first is −1. */
export type Answer = readonly [id: number, posteriors: Posteriors | undefined, error: string | undefined];
