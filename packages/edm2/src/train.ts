import { fileURLToPath } from 'node:url';
import { startTraining, type TrainOptions } from './start-training.js';
import type { TrainEvent } from './train-events.js';

/** The command of this package, which trains. */
const PROGRAM = new URL('command/cli.js', import.meta.url);

/**
 * Trains a network, as `edm2 train` does, in a process of its own: whatever a step takes, the caller's event loop stays free. Snapshots,
 * previews, log and all that resuming needs are in the run's folder.
 *
 * Leave the loop, or abort the signal, and the run writes a training state and ends; `resume` with the same `outdir` goes on from there, bit for bit.
 *
 * @param options - those of the command in camel case: `{ data, outdir, preset, duration, batch, lr, … }`.
 * @returns events, as they come.
 * @throws {RangeError} (rejects) for options that the command refuses.
 * @throws {Error} (rejects) when training fails; the signal's reason after an abort.
 */
export const train = (options: TrainOptions): AsyncGenerator<TrainEvent, void, undefined> =>
  startTraining(fileURLToPath(PROGRAM), options);
