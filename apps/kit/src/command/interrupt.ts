import { InterruptedError } from './errors.js';

/** Listens for Ctrl-C and termination: the first asks the run to stop after its step, the second ends the process at once. */
export interface Interrupt {
  readonly signal: AbortSignal;
  /** Stops listening. */
  release(): void;
}

/** Whether work ended because it was told to, and not by a failure such as a full disk while the last of it was written. */
export function isInterruption(error: unknown, signal: AbortSignal): boolean {
  if (!signal.aborted) return false;
  for (let each = error; each instanceof Error; each = each.cause)
    if (each === signal.reason || each instanceof InterruptedError || each.name === 'AbortError') return true;
  return false;
}

/**
 * @param say - told once, when the first interrupt comes.
 * @param what - what happens now, such as `stopping after this step`.
 */
export function listenForInterrupt(say: (text: string) => void, what: string): Interrupt {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(130);
    say(`${what} (once more to end at once)`);
    controller.abort(new Error('interrupted'));
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    release() {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
