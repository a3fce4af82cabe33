import { rollDice } from '../dice.js';
import { run } from '../run-command.js';
import { afterwards, finish, type Known, type Tally } from '../trial.js';

/** The clock is set forward and back by up to a month while the command works, is killed, and goes on. */
export async function clock(known: Known, { times, seed }: { times: number; seed: number }): Promise<Tally> {
  const { subject, folder, operations } = known;
  const faults: string[] = [];
  for (let trial = 0; trial < times; trial++) {
    const dice = rollDice(seed, subject.name, 'clock', trial);
    const dest = `clock-${trial}`;
    const kill = { signal: 'SIGKILL', at: 1 + dice.below(operations) } as const;
    const ending = await run(await subject.start(folder, dest), folder, { dest, kill, clock: dice.below(2 ** 31) });
    faults.push(...(await afterwards(known, dest, ending)).map((fault) => `trial ${trial}: ${fault}`));
    const jumping = { dest, clock: dice.below(2 ** 31) };
    faults.push(...(await finish(known, dest, jumping)).map((fault) => `trial ${trial}: ${fault}`));
  }
  return {
    torment: 'a clock that jumps',
    subject: subject.name,
    done: { 'SIGKILL and jumps': times },
    trials: times,
    faults,
  };
}
