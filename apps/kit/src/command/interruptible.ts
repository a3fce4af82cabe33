import { InterruptedError } from '@edm2/command/errors';
import { isInterruption, listenForInterrupt } from './interrupt.js';

/** What {@link interruptible} says. */
export interface InterruptWords {
  readonly say: (text: string) => void;
  /** What happens at the first Ctrl-C, such as `stopping after this batch`. */
  readonly stopping: string;
  /** What remains, and how to go on. */
  readonly kept: string;
}

/**
 * Runs work that Ctrl-C may stop.
 *
 * @throws {InterruptedError} (rejects) when it was stopped.
 */
export async function interruptible<T>(
  { say, stopping, kept }: InterruptWords,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const interrupt = listenForInterrupt(say, stopping);
  try {
    return await work(interrupt.signal);
  } catch (error) {
    if (isInterruption(error, interrupt.signal)) throw new InterruptedError(`interrupted; ${kept}`, { cause: error });
    throw error;
  } finally {
    interrupt.release();
  }
}
