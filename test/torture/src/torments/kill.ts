import { type Dice, rollDice } from '../dice.js';
import { type Ending, lastWords, start } from '../run-command.js';
import type { Invocation } from '../subject.js';
import { afterwards, finish, type Known, type Tally } from '../trial.js';

/** Half of the endings give no warning. */
const SIGNALS = ['SIGKILL', 'SIGTERM', 'SIGKILL', 'SIGINT', 'SIGKILL', 'SIGHUP'] as const;
/** Kills of one piece of work, before it is brought to its end and compared. */
const MOST = 5;
/** Share of interruptions after which a second signal is sent. */
const TWICE = 0.2;
const SECOND_MS = 500;

/** Kills a command at random moments, by the clock or at one of its own file operations, and lets it go on, until so many kills were felt. */
export async function killed(known: Known, { kills, seed }: { kills: number; seed: number }): Promise<Tally> {
  const { subject, folder } = known;
  const done: Record<string, number> = {};
  const faults: string[] = [];
  let trials = 0;
  for (let felt = 0; felt < kills; trials++) {
    const dest = `killed-${trials}`;
    let onwards: Invocation | undefined;
    for (let attempt = 0; attempt < MOST && felt < kills; attempt++) {
      const dice = rollDice(seed, subject.name, 'kill', trials, attempt);
      const invocation = onwards ?? (await subject.start(folder, dest));
      const { ending, what } = await killOnce(known, invocation, dest, dice);
      faults.push(...(await afterwards(known, dest, ending)).map((fault) => `trial ${trials}, ${what}: ${fault}`));
      if (ending.code === 0) break;
      const wrong = wrongEnding(ending, what);
      if (wrong) faults.push(`trial ${trials}, ${what}: ${wrong}`);
      felt++;
      done[what] = (done[what] ?? 0) + 1;
      // What it says is typed, half of the time.
      const [, line] = /(?:Continue with|Go on with): (.+)$/m.exec(ending.printed) ?? [];
      onwards = line !== undefined && dice.share() < 0.5 ? { line } : undefined;
    }
    faults.push(...(await finish(known, dest)).map((fault) => `trial ${trials}: ${fault}`));
  }
  return { torment: 'killed and resumed', subject: subject.name, done, trials, faults };
}

async function killOnce(
  { folder, seconds, operations }: Known,
  invocation: Invocation,
  dest: string,
  dice: Dice,
): Promise<{ ending: Ending; what: string }> {
  const signal = dice.pick(SIGNALS);
  const byClock = dice.share() < 0.5;
  const at = 1 + dice.below(operations);
  const { child, ended } = start(invocation, folder, byClock ? undefined : { dest, kill: { signal, at } });
  const timers: NodeJS.Timeout[] = [];
  const later = (ms: number, work: () => void): void => void timers.push(setTimeout(work, ms));
  const twice = signal !== 'SIGKILL' && dice.share() < TWICE;
  const wait = dice.share() * seconds * 1000;
  if (byClock)
    later(wait, () => {
      child.kill(signal);
      if (twice) later(SECOND_MS, () => child.kill(signal));
    });
  const ending = await ended;
  for (const timer of timers) clearTimeout(timer);
  return { ending, what: twice && byClock ? `${signal} twice` : signal };
}

/** What is wrong with how a command ended that was told to. */
function wrongEnding({ code, signal, printed }: Ending, what: string): string | undefined {
  if (what === 'SIGKILL') return signal === 'SIGKILL' ? undefined : `expected its death, got code ${code}`;
  // So early that nothing listens yet, it is the system that ends the process.
  if (signal !== null && printed === '') return undefined;
  if (code === 130 && /interrupted|ended at once/.test(printed)) return undefined;
  // Within a call that takes longer than a second it is the system that ends the process; shells say 130 then, too.
  if (signal === 'SIGINT' && /(?:interrupted|ended at once; what was written before is whole)\n?$/.test(printed))
    return undefined;
  return `expected code 130 and what is kept, got ${lastWords({ code, signal, printed, seconds: 0 })}`;
}
