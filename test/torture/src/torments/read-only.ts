import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { rollDice } from '../dice.js';
import { lastWords, run } from '../run-command.js';
import { afterwards, finish, type Known, type Tally } from '../trial.js';
import { makeDisk } from './small-disk.js';

const LARGE = 2 ** 30;

/** A folder that cannot be written to, empty or with work begun in it; when it can be, the work goes on. */
export async function readOnly(known: Known, { times, seed }: { times: number; seed: number }): Promise<Tally> {
  const { subject, folder, operations } = known;
  const done: Record<string, number> = {};
  const faults: string[] = [];
  for (let trial = 0; trial < times; trial++) {
    const dest = `read-only-${trial}`;
    const path = join(folder, dest);
    const disk = makeDisk(path, LARGE);
    const begun = trial % 2 === 1;
    const dice = rollDice(seed, subject.name, 'read-only', trial);
    try {
      if (begun) {
        const kill = { signal: 'SIGKILL', at: 1 + dice.below(operations) } as const;
        await run(await subject.start(folder, dest), folder, { dest, kill });
      }
      if (disk) disk.readOnly(true);
      else await chmod(path, 0o500);
      const ending = await run(await subject.start(folder, dest), folder);
      const what = `${begun ? 'begun' : 'empty'}, ${disk ? 'a read-only disk' : 'no permission'}`;
      faults.push(...(await afterwards(known, dest, ending)).map((fault) => `trial ${trial}, ${what}: ${fault}`));
      const said = /got E(ROFS|ACCES|PERM)/.test(ending.printed);
      // What was all there needs no writing.
      if (ending.code !== 0 && !said) faults.push(`trial ${trial}, ${what}: expected words, got ${lastWords(ending)}`);
      if (ending.code !== 0) done[what] = (done[what] ?? 0) + 1;
      if (disk) disk.readOnly(false);
      else await chmod(path, 0o700);
      faults.push(...(await finish(known, dest)).map((fault) => `trial ${trial}, ${what}: ${fault}`));
    } finally {
      disk?.remove();
    }
  }
  return { torment: 'a read-only folder, then not', subject: subject.name, done, trials: times, faults };
}
