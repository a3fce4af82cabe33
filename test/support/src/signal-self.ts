import { fileURLToPath } from 'node:url';

/** When a process is to get a signal. */
export interface SignalMoment {
  readonly signal: NodeJS.Signals;
  /** It has just opened, renamed or added to a file of such a name … */
  readonly path: RegExp;
  /** … with such a text (of what is added to a file). Default any. */
  readonly text?: RegExp;
  /** … so many times. Default once. */
  readonly times?: number;
}

/** What makes a Node.js process send itself a signal at a moment of its own work, however fast it or the test is. */
export function signalSelf({ signal, path, text = /(?:)/, times = 1 }: SignalMoment): {
  readonly execArgv: string[];
  readonly env: Readonly<Record<string, string>>;
} {
  return {
    execArgv: ['--require', fileURLToPath(new URL('signal-self.cjs', import.meta.url))],
    env: { SIGNAL_SELF: JSON.stringify({ signal, path: path.source, text: text.source, times }) },
  };
}
