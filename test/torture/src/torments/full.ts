import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { rollDice } from '../dice.js';
import { filesBelow } from '../files.js';
import { type Ending, lastWords, run } from '../run-command.js';
import { afterwards, finish, type Known, type Tally } from '../trial.js';
import { makeDisk } from './small-disk.js';

/** Bytes of a disk that is large enough for everything. */
const LARGE = 2 ** 30;
/** The least a file system of memory can be. */
const LEAST = 16 * 1024;

/** A disk that is full at any write, real where one can be made, else at the file layer; with more room the work goes on. */
export async function full(known: Known, { times, seed }: { times: number; seed: number }): Promise<Tally> {
  const { subject, folder, operations } = known;
  const done: Record<string, number> = {};
  const faults: string[] = [];
  const needed = await bytesBelow(join(folder, 'whole'));
  for (let trial = 0; trial < times; trial++) {
    const dice = rollDice(seed, subject.name, 'full', trial);
    const dest = `full-${trial}`;
    const size = LEAST + Math.floor(dice.share() * needed * 1.3);
    const disk = trial % 2 === 0 ? makeDisk(join(folder, dest), size) : undefined;
    const at = 1 + dice.below(operations);
    try {
      const invocation = await subject.start(folder, dest);
      const ending = await run(invocation, folder, disk ? undefined : { dest, full: { at } });
      const what = disk ? 'a small disk' : 'no room from one write on';
      faults.push(...(await afterwards(known, dest, ending)).map((fault) => `trial ${trial}, ${what}: ${fault}`));
      const wrong = wrongEnding(ending);
      if (wrong) faults.push(`trial ${trial}, ${what} (${disk ? `${size} bytes` : `operation ${at}`}): ${wrong}`);
      if (ending.code !== 0) done[what] = (done[what] ?? 0) + 1;
      disk?.resize(LARGE);
      faults.push(...(await finish(known, dest)).map((fault) => `trial ${trial}, ${what}: ${fault}`));
    } finally {
      disk?.remove();
    }
  }
  return { torment: 'a full disk, then room', subject: subject.name, done, trials: times, faults };
}

/** It ends well where there was room, else in words that name the file and what to do. */
function wrongEnding(ending: Ending): string | undefined {
  const said =
    /expected room on the disk for \S+, got ENOSPC|expected .* of free space for \S+|expected room for .* bytes in \S+/.test(
      ending.printed,
    );
  return ending.code === 0 || ((ending.code === 1 || ending.code === 2) && said)
    ? undefined
    : `expected words about the room, got ${lastWords(ending)}`;
}

async function bytesBelow(folder: string): Promise<number> {
  let sum = 0;
  for (const name of await filesBelow(folder)) sum += (await stat(join(folder, name))).size;
  return sum;
}
