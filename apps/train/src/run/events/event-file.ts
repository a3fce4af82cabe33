import { writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { append } from '../append.js';
import { encodeEvent, encodeRecord, type TensorBoardEvent } from './encode-event.js';

/** A TensorBoard event file that is being written. */
export interface EventFile {
  readonly path: string;
  /** Adds values at an image number; a whole record or nothing, as appends of this size are. */
  add(nimg: number, scalars: Readonly<Record<string, number>>): Promise<void>;
}

/** What every event file begins with. */
const FILE_VERSION = 'brain.Event:2';

/**
 * Starts a new event file in the folder, under a name of its own: TensorBoard reads all of them, in the order of their names, and
 * takes what follows `nimg` in earlier ones for the work of a run that was stopped and has been resumed here.
 *
 * @param nimg - images seen so far.
 * @param now - milliseconds since 1970.
 */
export async function createEventFile(outdir: string, nimg: number, now: () => number = Date.now): Promise<EventFile> {
  const created = now();
  const event = (rest: Omit<TensorBoardEvent, 'wallTime'>): Buffer =>
    encodeRecord(encodeEvent({ wallTime: now() / 1000, ...rest }));
  const begin = [event({ fileVersion: FILE_VERSION })];
  // What is logged at `nimg` itself was logged before the training state.
  if (nimg > 0) begin.push(event({ step: nimg + 1, sessionStart: true }));
  const path = await createNew((n) =>
    join(outdir, `events.out.tfevents.${Math.floor(created / 1000)}.${hostname()}.${process.pid}.${n}`),
  );
  await append(path, Buffer.concat(begin));
  return {
    path,
    add: (step, scalars) => append(path, event({ step, scalars })),
  };
}

/** Makes the first of the names that is not there yet. */
async function createNew(name: (n: number) => string): Promise<string> {
  for (let n = 0; ; n++)
    try {
      await writeFile(name(n), '', { flag: 'wx' });
      return name(n);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
}
