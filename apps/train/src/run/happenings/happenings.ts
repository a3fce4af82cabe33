import type { Happening, RunSetting } from './happening.js';
import { magnitudes } from './magnitudes.js';
import { previews } from './previews.js';
import { snapshots } from './snapshots.js';
import { statusTicks } from './status.js';
import { trainingStates } from './training-states.js';

/** All that happens in a run besides its steps, in this order after a step. */
const HAPPENINGS: readonly ((run: RunSetting) => Happening | Promise<Happening>)[] = [
  magnitudes,
  statusTicks,
  previews,
  snapshots,
  trainingStates,
];

/** Begins what happens in a run. @throws what one of them throws; those that were begun before it are disposed. */
export async function beginHappenings(run: RunSetting): Promise<readonly Happening[]> {
  const begun: Happening[] = [];
  try {
    for (const begin of HAPPENINGS) begun.push(await begin(run));
    return begun;
  } catch (error) {
    for (const happening of begun) happening.dispose?.();
    throw error;
  }
}
