import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rollDice } from './dice.js';
import type { Target } from './targets/target.js';

/** A case that broke a promise. */
export interface Fault {
  readonly index: number;
  readonly what: string;
}

/** What came of the cases of one target. */
export interface Tally {
  readonly target: string;
  readonly cases: number;
  /** Cases that were read whole. */
  readonly read: number;
  /** Cases that were refused with an error of the target's own. */
  readonly refused: number;
  readonly faults: readonly Fault[];
  /** Processor time of the slowest case and its number. */
  readonly slowest: { readonly milliseconds: number; readonly index: number };
  /** Most memory that the process held at the end of a case, MiB. */
  readonly memory: number;
}

/** Bounds that hold where time is not shared with others: off in the test suite. */
export interface RunBounds {
  readonly maxMilliseconds?: number;
  readonly maxMemory?: number;
}

/** Numbers of cases run between two looks at open files. */
const HANDLES_EVERY = 250;
/** Faults after which a target is left: what breaks always would fill the disk with reports. */
const MAX_FAULTS = 20;

/**
 * Runs cases `from` (inclusive) to `to` (exclusive) of a target, one after another.
 *
 * @param onCase - called before each one, so that a death of the process can be put down to it.
 */
export async function runTarget(
  target: Target,
  {
    seed,
    from,
    to,
    bounds = {},
    onCase,
  }: { seed: number; from: number; to: number; bounds?: RunBounds; onCase?: (index: number) => void },
): Promise<Tally> {
  const home = mkdtempSync(join(tmpdir(), 'edm2-fuzz-'));
  const folder = join(home, 'case');
  const faults: Fault[] = [];
  let [read, refused, memory] = [0, 0, 0];
  let slowest = { milliseconds: 0, index: from };
  let open = Number.NaN;
  try {
    for (let index = from; index < to && faults.length < MAX_FAULTS; index++) {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder);
      target.make(folder, rollDice(seed, target.name, index));
      onCase?.(index);
      const started = process.cpuUsage();
      try {
        await target.read(folder);
        read++;
      } catch (error) {
        if (isNamed(error, target)) refused++;
        else faults.push({ index, what: `threw ${describe(error)}` });
      }
      const { user, system } = process.cpuUsage(started);
      const milliseconds = (user + system) / 1000;
      if (milliseconds > slowest.milliseconds) slowest = { milliseconds, index };
      if (milliseconds > (bounds.maxMilliseconds ?? Number.POSITIVE_INFINITY))
        faults.push({ index, what: `took ${milliseconds.toFixed(0)} ms` });
      const held = process.memoryUsage.rss() / 2 ** 20;
      memory = Math.max(memory, held);
      if (held > (bounds.maxMemory ?? Number.POSITIVE_INFINITY))
        faults.push({ index, what: `held ${held.toFixed(0)} MiB` });
      if ((index - from) % HANDLES_EVERY === HANDLES_EVERY - 1) {
        const now = openFiles();
        // The first count is after a warm-up: libraries keep files of their own open.
        if (now > open) faults.push({ index, what: `left ${now - open} files open in ${HANDLES_EVERY} cases` });
        open = now;
      }
    }
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
  return { target: target.name, cases: to - from, read, refused, faults, slowest, memory };
}

/** An error of the kinds that a target promises, in the project's words. */
function isNamed(error: unknown, { errors }: Target): boolean {
  if (!(error instanceof Error) || !errors.some((kind) => error.constructor === kind)) return false;
  return /expected [\s\S]*, got /.test(error.message);
}

const describe = (error: unknown): string =>
  error instanceof Error
    ? `${error.constructor.name}: ${error.message.slice(0, 300)}\n${(error.stack ?? '').split('\n').slice(1, 5).join('\n')}`
    : String(error);

/** Open files of this process; NaN where the system does not tell. */
function openFiles(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return Number.NaN;
  }
}
