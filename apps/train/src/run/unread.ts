import { DivergedError } from './diverged.js';
import type { Meter } from './meter.js';
import type { StepLosses } from './stepper.js';

/** Steps that may wait to be read; of more, the older half is read, which is done by then. */
const MAX_UNREAD = 256;

/** A step whose losses lie where they were computed. */
export interface UnreadStep {
  readonly losses: StepLosses;
  /** Noise levels `[N]`. */
  readonly sigmas: Float32Array;
  /** Images seen after it. */
  readonly nimg: number;
}

/** Losses on their way to the meter: reading one waits for the device, so they are read together, where they are needed. */
export interface UnreadLosses {
  /** Adds a step. */
  add(step: UnreadStep): Promise<void>;
  /**
   * Reads all, in order.
   *
   * @throws {DivergedError} (rejects) at the first loss that is not finite.
   */
  read(): Promise<void>;
  dispose(): void;
}

/** @param meter - what is read goes there. */
export function createUnreadLosses(meter: Meter): UnreadLosses {
  const steps: UnreadStep[] = [];
  const take = async (count: number): Promise<void> => {
    while (count-- > 0) {
      const step = steps.shift();
      if (step === undefined) return;
      const { loss, rawLoss } = await step.losses.read();
      if (!Number.isFinite(loss)) throw diverged(loss, step.nimg);
      meter.add(loss, step.sigmas, rawLoss);
    }
  };
  return {
    async add(step) {
      steps.push(step);
      if (steps.length > MAX_UNREAD) await take(MAX_UNREAD / 2);
    },
    read: () => take(steps.length),
    dispose() {
      for (const { losses } of steps.splice(0)) losses.dispose();
    },
  };
}

const diverged = (loss: number, nimg: number): DivergedError =>
  new DivergedError(
    `training: expected a finite loss, got ${loss} at ${nimg} images. Train anew in another --outdir with a lower --lr; the snapshots and states written before are as they were.`,
  );
