import { createLossByNoiseLevel, type LossByNoiseLevel } from '@edm2/loss-weighting';
import type { Position } from './stored-run.js';

/** Bins of ln σ for the loss-by-noise-level statistics. */
const NOISE_BINS = 16;

/** What a run measures at each step. */
export interface Meter {
  readonly byNoiseLevel: LossByNoiseLevel;
  /** Sets the clock: what was opened before is no training time. */
  start(): void;
  /** Seconds since then. */
  seconds(): number;
  add(loss: number, sigmas: Float32Array, rawLoss: Float32Array): void;
  /** Mean loss since the last status tick. */
  mean(): number;
  /** The same, and begins anew. */
  takeMean(): number;
  /** What a training state keeps of it. */
  position(nimg: number): Position;
}

/** @param stored - where the run goes on. */
export function createMeter(stored: Position | undefined): Meter {
  const byNoiseLevel = createLossByNoiseLevel({ bins: NOISE_BINS });
  if (stored) byNoiseLevel.restore(stored.byNoiseLevel as ReturnType<typeof byNoiseLevel.state>);
  let { lossSum, lossCount } = stored ?? { lossSum: 0, lossCount: 0 };
  let started = performance.now();
  const mean = (): number => lossSum / lossCount;
  return {
    byNoiseLevel,
    start() {
      started = performance.now();
    },
    seconds: () => (performance.now() - started) / 1000,
    add(loss, sigmas, rawLoss) {
      byNoiseLevel.add(sigmas, rawLoss);
      lossSum += loss;
      lossCount += 1;
    },
    mean,
    takeMean() {
      const taken = mean();
      [lossSum, lossCount] = [0, 0];
      return taken;
    },
    position: (nimg) => ({ nimg, lossSum, lossCount, byNoiseLevel: byNoiseLevel.state() }),
  };
}
