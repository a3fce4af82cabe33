/** Work that may run side by side, and work that must run alone. */
export interface Turns {
  /** Runs beside other shared work, and never while something runs alone. Must not ask for a turn within. */
  shared<T>(work: () => Promise<T>): Promise<T>;
  /** Waits until nothing else runs; what comes later waits for it. Must not ask for a turn within. */
  alone<T>(work: () => Promise<T>): Promise<T>;
}

/** First come, first served: a stream of shared work does not keep out what waits to be alone. */
export function createTurns(): Turns {
  const settled = (work: Promise<unknown>): Promise<void> =>
    work.then(
      () => {},
      () => {},
    );
  /** Ends when the last that asked to be alone has ended. */
  let gate = Promise.resolve();
  const running = new Set<Promise<void>>();
  return {
    shared(work) {
      const result = gate.then(work);
      const end = settled(result);
      running.add(end);
      void end.then(() => running.delete(end));
      return result;
    },
    alone(work) {
      const result = Promise.all([gate, ...running]).then(work);
      gate = settled(result);
      return result;
    },
  };
}
