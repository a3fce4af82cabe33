import { interruptible as interruptibleWork } from '@edm2/app-kit/command/interruptible';
import { say } from './say.js';

/** Runs work that Ctrl-C may stop; `kept` says what remains and how to go on. */
export const interruptible = <T>(kept: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> =>
  interruptibleWork({ say, stopping: 'stopping after this evaluation', kept }, work);
