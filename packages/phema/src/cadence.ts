/** Updates that a tracker has put off. */
export interface Pending {
  readonly calls: number;
  /** Their time together. */
  readonly dt: number;
}

/** Which calls of an update are taken in. */
export interface Cadence {
  /**
   * Counts a call.
   *
   * @returns the time since the last one taken in, when this one is; undefined when it waits.
   * @throws {RangeError} when dt is not in (0, t].
   */
  due(time: { readonly t: number; readonly dt: number }): number | undefined;
  state(): { readonly pending?: Pending };
  restore(pending: Pending | undefined): void;
}

/** @throws {RangeError} when `every` is not a whole number ≥ 1. */
export function createCadence(fn: string, every: number): Cadence {
  if (!(Number.isInteger(every) && every >= 1))
    throw new RangeError(`${fn}: expected updateEvery as a whole number ≥ 1, got ${every}. 1 takes in every update.`);
  let pending: Pending = { calls: 0, dt: 0 };
  return {
    due({ t, dt }) {
      const next = { calls: pending.calls + 1, dt: pending.dt + dt };
      if (!(dt > 0 && next.dt <= t))
        throw new RangeError(
          `${fn}.update: expected 0 < dt ≤ t, got dt = ${dt}, t = ${t}. dt is the time since the last call of update.`,
        );
      pending = next.calls < every ? next : { calls: 0, dt: 0 };
      return next.calls < every ? undefined : next.dt;
    },
    state: () => (pending.calls === 0 ? {} : { pending }),
    restore(state) {
      pending = state ?? { calls: 0, dt: 0 };
    },
  };
}
