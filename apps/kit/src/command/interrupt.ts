import { InterruptedError } from '@edm2/command/errors';
import { isWorkThread, tellMain } from './threads.js';

/**
 * Listens for Ctrl-C, termination and a terminal that is closed: the first asks the run to stop after its step, the second ends the process
 * at once. In a command's own thread the main thread hears them, says so, and passes on the first.
 */
export interface Interrupt {
  readonly signal: AbortSignal;
  /** Stops listening. */
  release(): void;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

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
    if (!isWorkThread()) say(`${what} (once more to end at once)`);
    controller.abort(new Error('interrupted'));
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  tellMain({ kind: 'listening', what });
  return {
    signal: controller.signal,
    release() {
      for (const signal of SIGNALS) process.off(signal, onSignal);
      tellMain({ kind: 'deaf' });
    },
  };
}
