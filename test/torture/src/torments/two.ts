import { rollDice } from '../dice.js';
import { lastWords, run, start } from '../run-command.js';
import { afterwards, finish, type Known, type Tally } from '../trial.js';

/** Two of one command begin at nearly the same time, in a new folder or with work begun: one does it, the other is told who. */
export async function two(known: Known, { times, seed }: { times: number; seed: number }): Promise<Tally> {
  const { subject, folder, operations } = known;
  const done: Record<string, number> = {};
  const faults: string[] = [];
  for (let trial = 0; trial < times; trial++) {
    const dice = rollDice(seed, subject.name, 'two', trial);
    const dest = `two-${trial}`;
    if (trial % 2 === 1) {
      const kill = { signal: 'SIGKILL', at: 1 + dice.below(operations) } as const;
      await run(await subject.start(folder, dest), folder, { dest, kill });
    }
    const invocation = await subject.start(folder, dest);
    const first = start(invocation, folder);
    await new Promise((resolve) => setTimeout(resolve, dice.share() * 300));
    const second = start(invocation, folder);
    const endings = await Promise.all([first.ended, second.ended]);
    let worked = 0;
    for (const ending of endings) {
      faults.push(...(await afterwards(known, dest, ending)).map((fault) => `trial ${trial}: ${fault}`));
      if (ending.code === 0) worked++;
      else if (/only one that writes to|with a run in it|there already/.test(ending.printed))
        done['refused'] = (done['refused'] ?? 0) + 1;
      else faults.push(`trial ${trial}: expected to be told who writes there, got ${lastWords(ending)}`);
    }
    if (worked === 2) done['found it done'] = (done['found it done'] ?? 0) + 1;
    faults.push(...(await finish(known, dest)).map((fault) => `trial ${trial}: ${fault}`));
  }
  return { torment: 'two at once', subject: subject.name, done, trials: times, faults };
}
