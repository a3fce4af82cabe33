import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Executable } from '@edm2/tfjs-jit/graph';
import { dispose, type Tensor } from '@tensorflow/tfjs-core';
import type { SessionOptions } from './session.js';

/** Runs before the one that counts: the first allocates, the second still warms caches up. */
const WARM_UP = 2;

/** How long one operator took; both times in microseconds, from the beginning of the run. */
export interface OperatorTiming {
  /** Its name in the model, or one that ONNX Runtime made of it. */
  readonly name: string;
  readonly start: number;
  readonly duration: number;
}

/** What ONNX Runtime writes about one node, or about the session. */
interface ProfileEvent {
  readonly cat?: string;
  readonly name?: string;
  readonly ts?: number;
  readonly dur?: number;
}

/**
 * Runs a model in a session of its own that clocks every node.
 *
 * @param load - loads the model with the given options.
 * @returns the nodes of the last run, in the order in which they ran.
 * @throws {Error} when ONNX Runtime writes no profile.
 */
export function profile(
  load: (options: SessionOptions) => Executable,
  inputs: readonly Tensor[],
): readonly OperatorTiming[] {
  const folder = mkdtempSync(join(tmpdir(), 'tfjs-onnxruntime-'));
  try {
    const session = load({ enableProfiling: true, profileFilePrefix: join(folder, 'profile') });
    try {
      for (let i = 0; i <= WARM_UP; i++) dispose(session.run(inputs));
    } finally {
      session.dispose();
    }
    const [file] = readdirSync(folder);
    if (file === undefined)
      throw new Error('onnxruntime: expected a profile of the run, got no file. Leave measure out.');
    return lastRun(JSON.parse(readFileSync(join(folder, file), 'utf8')) as ProfileEvent[]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The nodes of the last run, their times counted from its beginning. */
function lastRun(events: readonly ProfileEvent[]): OperatorTiming[] {
  const run = events.filter(({ name }) => name === 'model_run').reduce((a, b) => ((b.ts ?? 0) > (a.ts ?? 0) ? b : a));
  const begin = run.ts ?? 0;
  return events
    .flatMap(({ cat, name = '', ts = 0, dur = 0 }): OperatorTiming[] =>
      cat === 'Node' && name.endsWith('_kernel_time') && ts >= begin
        ? [{ name: name.replace(/_kernel_time$/, ''), start: ts - begin, duration: dur }]
        : [],
    )
    .sort((a, b) => a.start - b.start);
}
