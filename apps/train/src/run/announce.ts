import { writeSync } from 'node:fs';
import { EVENTS_VARIABLE, type TrainEvent } from 'edm2/parts';

/** Descriptors below are the terminal's. */
const FIRST = 3;

/** Tells the program that has started this one, if one has and listens, what happened. */
export function announce(event: TrainEvent): void {
  const descriptor = Number(process.env[EVENTS_VARIABLE]);
  if (!(Number.isInteger(descriptor) && descriptor >= FIRST)) return;
  try {
    writeSync(descriptor, `${JSON.stringify(event)}\n`);
  } catch {
    // Nobody listens any more; the run goes on.
  }
}
