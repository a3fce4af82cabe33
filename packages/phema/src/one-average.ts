import type { Averages } from './averages.js';
import type { Pending } from './cadence.js';
import { HALF_LIFE } from './half-life.js';

/** What a traditional tracker needs to go on later; the average is undefined before the first update. */
export interface HalfLifeEmaState<T> {
  readonly average: T | undefined;
  /** Empty arrays in the kinds of the tree, in which an average of plain arrays comes back; left out, the kinds are those of `average`. */
  readonly kinds?: T | undefined;
  /** Calls of `update` that were not taken in yet, and their time; absent when there are none. */
  readonly pending?: Pending;
}

/** A tracker of one average, seen without its name; it begins as `initial` if there is one. */
export function oneAverage<T>(averages: Averages<T>, initial: T | undefined) {
  const restore = ({ average, ...rest }: HalfLifeEmaState<T>): void =>
    averages.restore({ ...rest, tracks: average && { [HALF_LIFE]: average } });
  restore({ average: initial });
  return {
    update: averages.update,
    values: (): T => averages.values(HALF_LIFE),
    state(): HalfLifeEmaState<T> {
      const { tracks, ...rest } = averages.state();
      return { ...rest, average: tracks?.[HALF_LIFE] };
    },
    restore,
  };
}
