import type { UNet } from '@edm2/edm2-unet';
import type { EngineReport } from '@edm2/engine';
import type { TrainState } from '@edm2/training';
import type { RunConfig } from '../../options/run-config.js';
import type { StepInput } from '../batches.js';
import type { Meter } from '../meter.js';
import type { Validation } from '../validation/validation.js';

/** What a happening is made for. */
export interface RunSetting {
  readonly config: RunConfig;
  readonly outdir: string;
  readonly unet: UNet;
  readonly engine: EngineReport;
  readonly say: (text: string) => void;
  /** Images seen before this process began to train. */
  readonly from: number;
  readonly meter: Meter;
  /** Measures on held-out images; absent without them. */
  readonly validation?: Validation | undefined;
}

/** Where a run stands after a step. Tensors are the run's: to be read, not kept. */
export interface Moment {
  /** Images seen. */
  readonly nimg: number;
  readonly state: TrainState;
  /** What the step was fed. */
  readonly input: StepInput;
}

/** Something that a run does again and again: the loop knows none of them by name. */
export interface Happening {
  /** Images from one time to the next; 0: never. At the end of the training once more. */
  readonly every: number;
  /** What is to be seen before the step after which it happens. */
  before?(state: TrainState): void;
  /** Does it. */
  at(moment: Moment): Promise<void>;
  /** Saves the run when it is stopped. @returns path of what it goes on from. */
  rescue?(moment: Pick<Moment, 'nimg' | 'state'>): Promise<string>;
  dispose?(): void;
}

/** Whether a happening is due after the step that goes from `before` to `after` images. */
export const isDue = ({ every }: Happening, before: number, after: number, duration: number): boolean =>
  every > 0 && (Math.floor(after / every) > Math.floor(before / every) || after >= duration);
