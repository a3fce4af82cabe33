import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Invocation } from './subject.js';

/** What is to happen to a command at one of its own file operations. */
export interface Faults {
  /** Part of the paths that count. */
  readonly dest: string;
  readonly kill?: { readonly signal: NodeJS.Signals; readonly at: number };
  readonly full?: { readonly at: number };
  /** Seed of a clock that jumps. */
  readonly clock?: number;
  /** Tell at the end how many operations there were. */
  readonly count?: boolean;
}

/** How a command ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly printed: string;
  readonly seconds: number;
}

/** A command under way. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ending>;
}

const PRELOAD = fileURLToPath(new URL('../preload/faults.cjs', import.meta.url));

/** Starts a command in a folder. */
export function start({ script = '', args = [], line, env = {} }: Invocation, cwd: string, faults?: Faults): Running {
  const before = performance.now();
  const own = faults ? { TORTURE: JSON.stringify(faults), NODE_OPTIONS: `--require ${PRELOAD}` } : {};
  // A shell that becomes the command: signals reach it.
  const [file, words] = line === undefined ? [process.execPath, [script, ...args]] : ['sh', ['-c', `exec ${line}`]];
  const child = spawn(file, words, {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env, ...own },
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (data) => {
      printed += data;
    });
  const ended = new Promise<Ending>((resolve) =>
    child.on('close', (code, signal) =>
      resolve({ code, signal, printed, seconds: (performance.now() - before) / 1000 }),
    ),
  );
  return { child, ended };
}

/** Runs a command to its end. */
export const run = (invocation: Invocation, cwd: string, faults?: Faults): Promise<Ending> =>
  start(invocation, cwd, faults).ended;

/** The last lines of what was printed, in one. */
export const lastWords = ({ code, signal, printed }: Ending): string =>
  `code ${code ?? signal}: ${printed.trim().split('\n').slice(-3).join(' | ').slice(0, 700)}`;

/** Whether an error was put into words: no trace of where in the program it came up. */
export const isInWords = ({ printed }: Ending): boolean => !/\n {4}at /.test(printed);
