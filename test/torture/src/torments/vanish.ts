import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { rollDice } from '../dice.js';
import { filesBelow } from '../files.js';
import { lastWords, start } from '../run-command.js';
import { afterwards, finish, type Known, type Tally } from '../trial.js';

/** Whether something was written that is no lock. */
const hasBegun = async (folder: string): Promise<boolean> =>
  (await filesBelow(folder)).some((name) => !name.includes('.lock'));

/** A file that is read vanishes, or shrinks, at a random moment; when it is back, the work goes on. */
export async function vanish(known: Known, { times, seed }: { times: number; seed: number }): Promise<Tally> {
  const { subject, folder, seconds } = known;
  const done: Record<string, number> = {};
  const faults: string[] = [];
  const { input } = subject;
  if (input === undefined) return { torment: 'an input vanishes', subject: subject.name, done, trials: 0, faults };
  const path = join(folder, input);
  const bytes = await readFile(path);
  for (let trial = 0; trial < times; trial++) {
    const dice = rollDice(seed, subject.name, 'vanish', trial);
    const dest = `vanish-${trial}`;
    const gone = dice.share() < 0.5;
    const { child, ended } = start(await subject.start(folder, dest), folder);
    // What was not there when the command looked which files there are is not missed.
    while (child.exitCode === null && child.signalCode === null && !(await hasBegun(join(folder, dest))))
      await new Promise((resolve) => setTimeout(resolve, 5));
    const timer = setTimeout(
      () => void (gone ? rm(path) : truncate(path, dice.below(bytes.length))).catch(() => {}),
      dice.share() * seconds * 500,
    );
    const ending = await ended;
    clearTimeout(timer);
    const what = gone ? 'vanished' : 'shrank';
    faults.push(...(await afterwards(known, dest, ending)).map((fault) => `trial ${trial}, ${what}: ${fault}`));
    if (ending.code !== 0) {
      done[what] = (done[what] ?? 0) + 1;
      if (!ending.printed.includes(basename(path)))
        faults.push(`trial ${trial}, ${what}: expected the name of ${basename(path)}, got ${lastWords(ending)}`);
    }
    await writeFile(path, bytes);
    faults.push(...(await finish(known, dest)).map((fault) => `trial ${trial}, ${what}: ${fault}`));
  }
  return { torment: 'an input vanishes or shrinks, then is back', subject: subject.name, done, trials: times, faults };
}
