import { InterruptedError } from '@edm2/app-kit/command/errors';
import { listenForInterrupt } from '@edm2/app-kit/command/interrupt';
import { say } from './say.js';

/** Runs work that Ctrl-C may stop; `kept` says what remains and how to go on. */
export async function interruptible<T>(kept: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interrupt = listenForInterrupt(say, 'stopping after this evaluation');
  try {
    return await work(interrupt.signal);
  } catch (error) {
    if (interrupt.signal.aborted) throw new InterruptedError(`interrupted; ${kept}`, { cause: error });
    throw error;
  } finally {
    interrupt.release();
  }
}
