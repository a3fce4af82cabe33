import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lastWords, run } from '../run-command.js';
import { writeImages } from '../subjects/images.js';
import { TRAIN } from '../subjects/places.js';
import type { Tally } from '../trial.js';

/** Steps of the training, one image each. */
const STEPS = 10_000;
const TICK = 100;
/** Shares of the training whose middle memory is compared: the first thousands of steps fill caches. */
const EARLY = [0.2, 0.3] as const;
const LATE = [0.9, 1] as const;
const MAX_GROWTH = 0.01;

/** Trains for many steps and compares the resident memory late with that early. */
export async function memory(folder: string): Promise<Tally> {
  await writeImages(join(folder, 'images'), { count: 24, side: 4 });
  const dest = 'run';
  const intervals = ['--status', String(TICK), '--snapshot', '1000', '--checkpoint', '1000', '--preview', '0'];
  const args = ['--data', 'images', '--batch', '1', '--duration', String(STEPS), ...intervals, '--outdir', dest];
  const options = ['--attn-resolutions', 'none', '--engine', 'onnxruntime', '--threads', '1'];
  const ending = await run({ script: TRAIN, args: [...args, ...options] }, folder);
  if (ending.code !== 0)
    return { torment: 'memory', subject: 'train', done: {}, trials: 1, faults: [lastWords(ending)] };
  const lines = (await readFile(join(folder, dest, 'log.jsonl'), 'utf8')).trim().split('\n');
  const memoryMB = lines.map((line): number => JSON.parse(line).memoryMB);
  const middle = ([from, to]: readonly [number, number]): number => {
    const part = memoryMB.slice(Math.floor(from * lines.length), Math.floor(to * lines.length)).sort((a, b) => a - b);
    return part[part.length >> 1] ?? 0;
  };
  const [early, late] = [middle(EARLY), middle(LATE)];
  const growth = late / early - 1;
  return {
    torment: `memory over ${STEPS.toLocaleString('en')} steps: ${early.toFixed(0)} MB early, ${late.toFixed(0)} MB late, ${(100 * growth).toFixed(2)} %`,
    subject: 'train',
    done: {},
    trials: 1,
    faults: growth < MAX_GROWTH ? [] : [`it grew by ${(100 * growth).toFixed(2)} %`],
  };
}
